import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { LogLine } from "../api/types";
import { Empty } from "../parts/Basics";
import { text } from "../text";
import { JobLines, Matches } from "./growing";
import { LogLineRow } from "./LogLineRow";
import type { LogStore } from "./logStore";
import { LogTools } from "./LogTools";
import css from "./LogView.module.css";
import "./ansi.css";

const ROW = 24; // pixels, as in the style sheet
const AT_END = 4; // rows: nearer to the end than this, the reader follows

interface Props {
  store: LogStore;
  firstError: number | null;
  /** The line that the address points at, `#L120`. */
  target: number | null;
  live: boolean;
  downloadUrl: string;
  onTarget: (line: number) => void;
}

/** The log of a run: only the lines in sight are drawn, so a hundred thousand scroll like ten. */
export function LogView({ store, firstError, target, live, downloadUrl, onTarget }: Props) {
  const count = useSyncExternalStore(store.subscribe, store.count);
  const [job, setJob] = useState<string | null>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [times, setTimes] = useState(false);
  const [follow, setFollow] = useState(live && target === null);
  const find = typed.trim().toLowerCase();
  const ofJob = useMemo(() => new JobLines(store.lines, job), [store, job]);
  const lines = ofJob.upTo(count);
  const shownCount = job === null ? count : lines.length;
  const search = useMemo(() => ({ ofJob, matches: new Matches(find) }), [ofJob, find]);
  const matches = search.matches.upTo(lines);
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: shownCount,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 20,
  });

  const show = useCallback(
    (index: number) => {
      setFollow(false);
      rows.scrollToIndex(index, { align: "center" });
    },
    [rows],
  );
  const jump = useCallback(
    (index: number) => {
      show(index);
      frame.current?.scrollIntoView({ block: "nearest" }); // on a phone the log is below what was pressed
    },
    [show],
  );
  useJump(lines, shownCount, target, jump);
  useEffect(() => {
    if (follow && shownCount > 0) rows.scrollToIndex(shownCount - 1, { align: "end" });
  }, [follow, shownCount, rows]);

  const go = (step: number) => {
    if (matches.length === 0) return;
    const next = (at + step + matches.length) % matches.length;
    setAt(next);
    show(matches[next] ?? 0);
  };
  const type = (words: string) => {
    setTyped(words);
    setAt(0);
    const [first] = new Matches(words.trim().toLowerCase()).upTo(lines);
    if (first !== undefined) show(first);
  };
  return (
    <div className={css.log}>
      <LogTools
        search={typed}
        onSearch={type}
        match={{ at: matches.length === 0 ? 0 : at + 1, of: matches.length }}
        onStep={go}
        jobs={store.jobs}
        job={job}
        onJob={setJob}
        times={times}
        onTimes={setTimes}
        follow={live ? follow : null}
        onFollow={setFollow}
        onFirstError={firstError === null ? null : () => onTarget(firstError)}
        downloadUrl={downloadUrl}
        count={shownCount}
      />
      {shownCount === 0 ? (
        <Empty title={live ? text.runs.log.empty : text.runs.log.emptyDone} />
      ) : (
        <div
          ref={frame}
          className={css.frame}
          role="log"
          aria-live="off"
          aria-label={text.runs.log.label}
          // A region that scrolls has to be reachable by keyboard.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onScroll={(event) =>
            live && canScroll(event.currentTarget) && setFollow(isAtEnd(event.currentTarget))
          }
        >
          <div className={css.all} style={{ height: rows.getTotalSize() }}>
            <div
              className={css.shown}
              style={{ transform: `translateY(${rows.getVirtualItems()[0]?.start ?? 0}px)` }}
            >
              {rows.getVirtualItems().map((row) => {
                const line = lines[row.index];
                return (
                  line && (
                    <LogLineRow
                      key={line.number}
                      line={line}
                      find={find}
                      times={times}
                      marked={line.number === target}
                      current={matches[at] === row.index}
                    />
                  )
                );
              })}
            </div>
          </div>
        </div>
      )}
    </div>
  );
}

/** Once the line that the address points at is here, go to it; again when the address changes. */
function useJump(
  lines: readonly LogLine[],
  count: number,
  target: number | null,
  show: (index: number) => void,
): void {
  const jumped = useRef<number | null>(null);
  useEffect(() => {
    if (target === null || jumped.current === target) return;
    const index = lines.findIndex((line) => line.number === target);
    if (index < 0 || index >= count) return;
    jumped.current = target;
    show(index);
  }, [lines, count, target, show]);
}

function canScroll(frame: HTMLElement): boolean {
  return frame.scrollHeight > frame.clientHeight;
}

function isAtEnd(frame: HTMLElement): boolean {
  return frame.scrollHeight - frame.scrollTop - frame.clientHeight < ROW * AT_END;
}
