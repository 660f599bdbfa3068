import { memo } from "react";
import type { LogLine } from "../api/types";
import { text } from "../text";
import { gapOf } from "./gaps";
import { parseLine } from "./line";
import css from "./LogView.module.css";
import { piecesOf } from "./marks";

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
  const pieces = piecesOf(spans, find);
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
            {pieces[index]?.map((piece, place) =>
              piece.hit ? <mark key={place}>{piece.text}</mark> : piece.text,
            )}
          </span>
        ))}
      </span>
    </div>
  );
});
