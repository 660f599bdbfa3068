import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { throttled } from "../app/throttle";
import { Empty } from "../parts/Basics";
import { ProblemNote } from "../parts/Problem";
import { text } from "../text";
import { LogLineRow } from "./LogLineRow";
import { LogSegments, SEGMENT } from "./LogSegments";
import { LogTools } from "./LogTools";
import css from "./LogView.module.css";
import type { Lines, LogWindow } from "./logWindow";
import type { LogAddress } from "./useLogAddress";
import { useLines, type Part, type ReadPart } from "./useLog";
import { useSearch } from "./useSearch";
import "./ansi.css";

const ROW = 24; // pixels, as in the style sheet
const AT_END = 4; // rows: nearer to the end than this, the reader follows
const PACE = 80; // milliseconds between two looks at what is in sight, while somebody scrolls

interface Props {
  log: LogWindow;
  read: ReadPart;
  /** Which part is shown and what is looked for, as the address says. */
  address: LogAddress;
  /** What can be chosen. */
  parts: readonly Part[];
  firstError: number | null;
  /** The line that the address points at, `#L120`. */
  target: number | null;
  live: boolean;
  downloadUrl: string;
  onTarget: (line: number) => void;
}

/** The log of a run: only the lines in sight are read and drawn, so a million scroll like ten. */
export function LogView(props: Props) {
  const { log, read, address, firstError, target, live } = props;
  const lines = useLines(log, address.part, read);
  const count = lines.count();
  const [times, setTimes] = useState(false);
  const [follow, setFollow] = useState(live && target === null);
  const { frame, rows, base, show, toEnd, setBase } = useRows(lines, count);
  const jump = useCallback(
    (index: number) => {
      setFollow(false);
      show(index);
    },
    [show],
  );
  const search = useSearch({ address, lines, read, total: log.count(), jump });
  useTarget(lines, count, target, (index) => {
    jump(index);
    frame.current?.scrollIntoView({ block: "nearest" }); // on a phone the log is below what was pressed
  });
  useEffect(() => {
    if (live && follow && count > 0) toEnd();
  }, [live, follow, count, toEnd]);
  return (
    <div className={css.log}>
      <LogTools
        search={search}
        parts={props.parts}
        part={address.part}
        onPart={address.setPart}
        times={times}
        onTimes={setTimes}
        follow={live ? follow : null}
        onFollow={setFollow}
        onFirstError={firstError === null ? null : () => props.onTarget(firstError)}
        downloadUrl={props.downloadUrl}
        count={text.runs.log.lines(count, lines.whole())}
      />
      {Boolean(lines.failed()) && <ProblemNote error={lines.failed()} retry={lines.again} />}
      <LogSegments base={base} count={count} onBase={setBase} />
      {count === 0 ? (
        <Empty title={live || !lines.whole() ? text.runs.log.empty : text.runs.log.emptyDone} />
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
          onScroll={({ currentTarget }) =>
            live && canScroll(currentTarget) && setFollow(isAtEnd(currentTarget))
          }
        >
          <div className={css.all} style={{ height: rows.getTotalSize() }}>
            <div
              className={css.shown}
              style={{ transform: `translateY(${rows.getVirtualItems()[0]?.start ?? 0}px)` }}
            >
              {rows.getVirtualItems().map((row) => {
                const line = lines.at(base + row.index);
                return (
                  <LogLineRow
                    key={row.index}
                    line={line}
                    find={search.find}
                    times={times}
                    marked={line !== undefined && line.number === target}
                    current={line !== undefined && line.number === search.current}
                  />
                );
              })}
            </div>
          </div>
        </div>
      )}
    </div>
  );
}

/** The rows in sight, within the part of a very long log that can be scrolled at once. */
function useRows(lines: Lines, count: number) {
  const frame = useRef<HTMLDivElement>(null);
  const [base, setBase] = useState(0);
  const [wanted, setWanted] = useState<{ index: number } | null>(null);
  const rows = useVirtualizer({
    count: Math.max(0, Math.min(SEGMENT, count - base)),
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const drawn = rows.getVirtualItems();
  const first = base + (drawn[0]?.index ?? 0);
  const last = base + (drawn.at(-1)?.index ?? 0);
  const look = useMemo(() => {
    const sight = { first: 0, last: 0 };
    const { call, stop } = throttled(() => lines.want(sight.first, sight.last), PACE);
    return {
      at: (from: number, to: number) => (Object.assign(sight, { first: from, last: to }), call()),
      stop,
    };
  }, [lines]);
  useEffect(() => look.at(first, last), [look, first, last, count]);
  useEffect(() => look.stop, [look]);
  useEffect(() => {
    if (wanted) rows.scrollToIndex(wanted.index - base, { align: "center" });
  }, [wanted, base, rows]);
  const show = useCallback((index: number) => {
    setBase((before) =>
      index >= before && index < before + SEGMENT ? before : Math.floor(index / SEGMENT) * SEGMENT,
    );
    setWanted({ index });
  }, []);
  const toEnd = useCallback(() => {
    const at = Math.floor((count - 1) / SEGMENT) * SEGMENT;
    setBase(at);
    rows.scrollToIndex(count - 1 - at, { align: "end" });
  }, [count, rows]);
  return { frame, rows, base, setBase, show, toEnd };
}

/** Once the line that the address points at is here, go to it; again when the address changes. */
function useTarget(lines: Lines, count: number, target: number | null, jump: (index: number) => void): void {
  const jumped = useRef<number | null>(null);
  const go = useRef(jump);
  useEffect(() => void (go.current = jump));
  useEffect(() => {
    let current = true;
    if (target === null) jumped.current = null;
    if (target === null || jumped.current === target || count === 0) return;
    void lines.until(target).then((index) => {
      if (!current || index === null) return;
      jumped.current = target;
      go.current(index);
    });
    return () => void (current = false);
  }, [lines, count, target]);
}

function canScroll(frame: HTMLElement): boolean {
  return frame.scrollHeight > frame.clientHeight;
}

function isAtEnd(frame: HTMLElement): boolean {
  return frame.scrollHeight - frame.scrollTop - frame.clientHeight < ROW * AT_END;
}
