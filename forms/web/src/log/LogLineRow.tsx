import { memo } from "react";
import type { LogLine } from "../api/types";
import { text } from "../text";
import { gapOf } from "./gaps";
import { parseLine } from "./line";
import css from "./LogView.module.css";

interface Props {
  /** Not here yet: its place is kept free. */
  line: LogLine | undefined;
  /** The text that is searched for, in lower case; empty for none. */
  find: string;
  times: boolean;
  marked: boolean;
  current: boolean;
}

export const LogLineRow = memo(function LogLineRow({ line, find, times, marked, current }: Props) {
  if (!line) return <div className={css.line} aria-hidden />;
  const { time, kind, spans } = parseLine(line.text);
  const gap = gapOf(line);
  return (
    <div
      className={css.line}
      data-kind={gap ? "gap" : kind}
      data-marked={marked || undefined}
      data-current={current || undefined}
    >
      <a
        className={css.number}
        href={`#L${line.number}`}
        aria-label={gap ? text.runs.log.gap(gap.first, gap.last) : text.runs.log.line(line.number)}
      >
        {gap ? "…" : line.number}
      </a>
      {times && <span className={css.time}>{time ?? ""}</span>}
      <span className={css.text}>
        {spans.map((span, index) => (
          <span key={index} className={span.looks.join(" ") || undefined}>
            <Marked text={span.text} find={find} />
          </span>
        ))}
      </span>
    </div>
  );
});

/** A text with every place that is searched for marked. */
function Marked({ text: whole, find }: { text: string; find: string }) {
  if (!find) return whole;
  const low = whole.toLowerCase();
  // Where lower case has another length than the text (as in Turkish), places cannot be told apart: mark nothing.
  if (low.length !== whole.length) return whole;
  const parts: React.ReactNode[] = [];
  let from = 0;
  for (let at = low.indexOf(find); at >= 0; at = low.indexOf(find, from)) {
    parts.push(whole.slice(from, at), <mark key={at}>{whole.slice(at, at + find.length)}</mark>);
    from = at + find.length;
  }
  parts.push(whole.slice(from));
  return parts;
}
