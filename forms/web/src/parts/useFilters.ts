import { useCallback } from "react";
import { useSearchParams } from "react-router";

export interface Filters<Name extends string> {
  value: (name: Name) => string | undefined;
  /** An empty value takes the filter away. Several at once are one change of the address. */
  set: (changes: Partial<Record<Name, string | null>>) => void;
  clear: () => void;
  any: boolean;
}

/** Filters that stand in the address, so that a link shows what its sender saw. */
export function useFilters<const Name extends string>(names: readonly Name[]): Filters<Name> {
  const [search, setSearch] = useSearchParams();
  const set = useCallback(
    (changes: Partial<Record<Name, string | null>>) =>
      setSearch(
        (before) => {
          for (const [name, value] of Object.entries<string | null | undefined>(changes)) {
            if (value) before.set(name, value);
            else before.delete(name);
          }
          return before;
        },
        { replace: true },
      ),
    [setSearch],
  );
  return {
    value: (name) => search.get(name) ?? undefined,
    set,
    clear: () => set(Object.fromEntries(names.map((name) => [name, null])) as Record<Name, null>),
    any: names.some((name) => search.has(name)),
  };
}
