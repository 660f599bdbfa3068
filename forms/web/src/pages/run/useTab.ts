import { useCallback } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";

export const TABS = ["log", "timeline", "plan", "approvals", "catalog"] as const;
export type Tab = (typeof TABS)[number];

export interface TabState {
  tab: Tab;
  /** The line that the address points at, `#L120`. */
  line: number | null;
  go: (tab: Tab) => void;
  toLine: (line: number) => void;
}

/** Which part of the run is shown, and which line of its log: both in the address, so that they can be sent to others. */
export function useTab(): TabState {
  const [search] = useSearchParams();
  const { hash } = useLocation();
  const navigate = useNavigate();
  const asked = search.get("tab");
  const line = Number(/^#L(\d+)$/.exec(hash)?.[1] ?? Number.NaN);
  const hasLine = Number.isInteger(line);
  const tab = hasLine ? "log" : (TABS.find((known) => known === asked) ?? "log");
  const go = useCallback(
    (next: Tab) => {
      const to = new URLSearchParams(search);
      if (next === "log") to.delete("tab");
      else to.set("tab", next);
      void navigate({ search: to.toString() }, { replace: true, preventScrollReset: true });
    },
    [navigate, search],
  );
  const toLine = useCallback(
    (number: number) => {
      // The line stands in the whole log: what it was narrowed to is left, what is looked for stays.
      const find = search.get("find");
      const to = find === null ? "" : new URLSearchParams({ find }).toString();
      void navigate({ search: to, hash: `L${number}` }, { preventScrollReset: true });
    },
    [navigate, search],
  );
  return { tab, line: hasLine ? line : null, go, toLine };
}
