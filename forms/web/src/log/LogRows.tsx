/** The lines in sight. By itself, so that scrolling draws lines and nothing else anew. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, type RefObject } from "react";
import { throttled } from "../app/throttle";
import { text } from "../text";
import { LogLineRow } from "./LogLineRow";
import { SEGMENT } from "./LogSegments";
import css from "./LogView.module.css";
import type { Lines } from "./logWindow";

const ROW = 24; // pixels, as in the style sheet
const AT_END = 4; // rows: nearer to the end than this, the reader follows
const PACE = 80; // milliseconds between two looks at what is in sight, while somebody scrolls

interface Props {
  frame: RefObject<HTMLDivElement | null>;
  lines: Lines;
  count: number;
  /** The first line of the part of a very long log that can be scrolled at once. */
  base: number;
  /** The line that is to come into sight; each time a new object. */
  wanted: { index: number } | null;
  /** Keep to the end. */
  follow: boolean;
  /** Whether the end is in sight, after somebody has scrolled; null where nothing new can come. */
  onEnd: ((atEnd: boolean) => void) | null;
  look: { find: string; current: number | null; target: number | null; times: boolean };
}

export function LogRows({ frame, lines, count, base, wanted, follow, onEnd, look }: Props) {
  const here = Math.max(0, Math.min(SEGMENT, count - base));
  const rows = useVirtualizer({
    count: here,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const drawn = rows.getVirtualItems();
  useSight(lines, count, base + (drawn[0]?.index ?? 0), base + (drawn.at(-1)?.index ?? 0));
  useEffect(() => {
    if (wanted) rows.scrollToIndex(wanted.index - base, { align: "center" });
  }, [wanted, base, rows]);
  useEffect(() => {
    if (follow && here > 0) rows.scrollToIndex(here - 1, { align: "end" });
  }, [follow, here, rows]);
  return (
    <div
      ref={frame}
      className={css.frame}
      role="log"
      aria-live="off"
      aria-label={text.runs.log.label}
      // A region that scrolls has to be reachable by keyboard.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onScroll={({ currentTarget }) => canScroll(currentTarget) && onEnd?.(isAtEnd(currentTarget))}
    >
      <div className={css.all} style={{ height: rows.getTotalSize() }}>
        <div className={css.shown} style={{ transform: `translateY(${drawn[0]?.start ?? 0}px)` }}>
          {drawn.map((row) => {
            const line = lines.at(base + row.index);
            return (
              <LogLineRow
                key={row.index}
                line={line}
                find={look.find}
                times={look.times}
                marked={line !== undefined && line.number === look.target}
                current={line !== undefined && line.number === look.current}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Reads what is in sight, a few times in a second while somebody scrolls. */
function useSight(lines: Lines, count: number, first: number, last: number): void {
  const sight = useMemo(() => {
    const range = { first: 0, last: 0 };
    const { call, stop } = throttled(() => lines.want(range.first, range.last), PACE);
    return {
      at: (from: number, to: number) => (Object.assign(range, { first: from, last: to }), call()),
      stop,
    };
  }, [lines]);
  useEffect(() => sight.at(first, last), [sight, first, last, count]);
  useEffect(() => sight.stop, [sight]);
}

function canScroll(frame: HTMLElement): boolean {
  return frame.scrollHeight > frame.clientHeight;
}

function isAtEnd(frame: HTMLElement): boolean {
  return frame.scrollHeight - frame.scrollTop - frame.clientHeight < ROW * AT_END;
}
