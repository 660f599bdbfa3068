import { useCallback, useEffect, useRef, useState } from "react";
import type { Lines } from "./logWindow";
import { useFound, type ReadPart } from "./useLog";
import type { LogAddress } from "./useLogAddress";

export interface Search {
  typed: string;
  type: (words: string) => void;
  /** In lower case; empty: nothing is looked for. */
  find: string;
  /** Of the places found, which one is shown (from 1), of how many, and whether there may be more. */
  at: number;
  of: number;
  whole: boolean;
  /** Lines that are not kept, in which nobody could look. */
  notSearched: number;
  busy: boolean;
  failed: unknown;
  /** The number of the line that is shown. */
  current: number | null;
  step: (by: 1 | -1) => void;
  /** Looks once more, where looking has failed. */
  again: () => void;
}

/** Looks for what is typed and goes from place to place. */
export function useSearch(given: {
  address: LogAddress;
  lines: Lines;
  read: ReadPart;
  total: number;
  /** The line that the address points at. */
  target: number | null;
  jump: (index: number) => void;
}): Search {
  const { address, lines, read, total, target, jump } = given;
  const found = useFound(address.find, address.part, read, total);
  const { numbers } = found;
  const [place, setPlace] = useState({ of: numbers, at: 0 });
  const at = place.of === numbers ? place.at : 0; // another search, or another part: its first
  const go = useCallback(
    async (next: number) => {
      setPlace({ of: numbers, at: next });
      const number = numbers[next];
      const index = number === undefined ? null : await lines.until(number);
      if (index !== null) jump(index);
    },
    [numbers, lines, jump],
  );
  // A link to a line leads there, also where it says what was looked for: that line is what its sender saw.
  const linked = useRef(target === null ? null : { find: found.find, line: target });
  const first = numbers[0] ?? null;
  const begun = useRef<readonly number[] | null>(null);
  useEffect(() => {
    if (!found.find || first === null || begun.current === numbers) return;
    begun.current = numbers;
    const { find, line } = linked.current ?? {};
    linked.current = null;
    if (line === undefined || find !== found.find) return void go(0);
    const near = numbers.findIndex((number) => number >= line);
    setPlace({ of: numbers, at: Math.max(0, near) });
  }, [found.find, numbers, first, go]);
  const step = async (by: 1 | -1) => {
    const of = numbers.length;
    if (of === 0) return;
    if (by === 1 && at === of - 1 && !found.whole) await found.more();
    await go((at + by + numbers.length) % numbers.length);
  };
  return {
    typed: address.find,
    type: address.setFind,
    find: found.find,
    at: numbers.length === 0 ? 0 : at + 1,
    of: numbers.length,
    whole: found.whole,
    notSearched: found.notSearched,
    busy: found.busy,
    failed: found.failed,
    current: found.find ? (numbers[at] ?? null) : null,
    step: (by) => void step(by),
    again: () => void found.more(),
  };
}
