import { useCallback, useEffect, useRef, useState } from "react";
import { Empty } from "../parts/Basics";
import { ProblemNote } from "../parts/Problem";
import { text } from "../text";
import { LogRows } from "./LogRows";
import { LogSegments, SEGMENT } from "./LogSegments";
import { LogTools } from "./LogTools";
import css from "./LogView.module.css";
import type { Lines, LogWindow } from "./logWindow";
import type { LogAddress } from "./useLogAddress";
import { useLines, type Part, type ReadPart } from "./useLog";
import { useSearch } from "./useSearch";
import "./ansi.css";

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
  const [base, setBase] = useState(0);
  const [wanted, setWanted] = useState<{ index: number } | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const jump = useCallback((index: number) => {
    setFollow(false);
    setBase((before) =>
      index >= before && index < before + SEGMENT ? before : Math.floor(index / SEGMENT) * SEGMENT,
    );
    setWanted({ index });
  }, []);
  const search = useSearch({ address, lines, read, total: log.count(), target, jump });
  useTarget(lines, count, target, (index) => {
    jump(index);
    frame.current?.scrollIntoView({ block: "nearest" }); // on a phone the log is below what was pressed
  });
  // Also when the run has ended meanwhile: its last lines come with its end.
  const shown = follow ? Math.max(0, Math.floor((count - 1) / SEGMENT) * SEGMENT) : base;
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
      <LogSegments base={shown} count={count} onBase={setBase} />
      {count === 0 ? (
        <Empty title={live || !lines.whole() ? text.runs.log.empty : text.runs.log.emptyDone} />
      ) : (
        <LogRows
          frame={frame}
          lines={lines}
          count={count}
          base={shown}
          wanted={wanted}
          follow={follow}
          onEnd={live ? setFollow : null}
          look={{ find: search.find, current: search.current, target, times }}
        />
      )}
    </div>
  );
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
