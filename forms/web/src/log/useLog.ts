/** The lines that are shown of a log, and the places where something was found in them. */
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { LogSearch } from "./logSearch";
import type { Lines, LogWindow, ReadLines } from "./logWindow";
import { PartOfLog } from "./partOfLog";

/** Which lines: of one step, or of one job of it; null: all. */
export interface Part {
  step: string;
  job: string | null;
}

export type ReadPart = (
  asked: { after: number; limit: number; part: Part | null; find: string },
  signal: AbortSignal,
) => ReturnType<ReadLines>;

/** All lines, or those of a part; drawn anew whenever one of them has come. */
export function useLines(log: LogWindow, part: Part | null, read: ReadPart): Lines {
  const { step, job } = part ?? {};
  const some = useMemo(
    () =>
      step === undefined
        ? null
        : new PartOfLog((after, limit, signal) =>
            read({ after, limit, part: { step, job: job ?? null }, find: "" }, signal),
          ),
    [step, job, read],
  );
  const total = useSyncExternalStore(log.subscribe, log.count);
  useEffect(() => some?.again(), [some, total]);
  useEffect(() => () => some?.close(), [some]);
  const lines = some ?? log;
  useSyncExternalStore(lines.subscribe, lines.version);
  return lines;
}

export interface Found {
  find: string;
  numbers: readonly number[];
  whole: boolean;
  /** Lines that are not kept, in which nobody could look. */
  notSearched: number;
  busy: boolean;
  failed: unknown;
  more: () => Promise<void>;
}

/** Places of what is typed, after a pause in the typing. While lines come, the new ones are looked at as well. */
export function useFound(typed: string, part: Part | null, read: ReadPart, total: number): Found {
  const [find] = useDebouncedValue(typed.trim(), 250);
  const { step, job } = part ?? {};
  const search = useMemo(
    () =>
      new LogSearch((after, limit, signal) =>
        read({ after, limit, part: step === undefined ? null : { step, job: job ?? null }, find }, signal),
      ),
    [find, step, job, read],
  );
  const [settled] = useDebouncedValue(total, 1_000);
  useEffect(() => () => search.close(), [search]);
  useEffect(() => {
    if (find) void search.more();
  }, [find, search, settled]);
  useSyncExternalStore(search.subscribe, search.version);
  return {
    find: find.toLowerCase(),
    numbers: search.found,
    whole: search.whole(),
    notSearched: search.notSearched(),
    busy: Boolean(find) && search.busy(),
    failed: search.failed(),
    more: () => search.more(),
  };
}
