import { Button } from "@mantine/core";
import { text } from "../text";
import css from "./LogTools.module.css";

/** Lines that can be scrolled at once: no browser draws anything higher than some 33 million pixels. */
export const SEGMENT = 1_000_000;

const words = text.runs.log;

/** Which million lines are shown, of a log that has more. */
export function LogSegments(props: { base: number; count: number; onBase: (base: number) => void }) {
  const { base, count, onBase } = props;
  if (count <= SEGMENT) return null;
  return (
    <div className={css.segments} role="group" aria-label={words.segments}>
      <span>{words.segment(base + 1, Math.min(count, base + SEGMENT), count)}</span>
      <Button
        size="compact-xs"
        variant="default"
        disabled={base === 0}
        onClick={() => onBase(base - SEGMENT)}
      >
        {words.earlier}
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        disabled={base + SEGMENT >= count}
        onClick={() => onBase(base + SEGMENT)}
      >
        {words.later}
      </Button>
    </div>
  );
}
