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
  jump: (index: number) => void;
}): Search {
  const { address, lines, read, total, jump } = given;
  const found = useFound(address.find, address.part, read, total);
  const [at, setAt] = useState(0);
  const { numbers } = found;
  const go = useCallback(
    async (next: number) => {
      setAt(next);
      const number = numbers[next];
      const index = number === undefined ? null : await lines.until(number);
      if (index !== null) jump(index);
    },
    [numbers, lines, jump],
  );
  const first = numbers[0] ?? null;
  const begun = useRef<string | null>(null);
  useEffect(() => {
    if (!found.find) begun.current = null;
    if (first === null || begun.current === found.find) return;
    begun.current = found.find;
    void go(0);
  }, [found.find, first, go]);
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
    busy: found.busy,
    failed: found.failed,
    current: found.find ? (numbers[at] ?? null) : null,
    step: (by) => void step(by),
    again: () => void found.more(),
  };
}
