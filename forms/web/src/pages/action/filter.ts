import { useSearchParams } from "react-router";
import type { ActionSummary } from "../../api/types";

export interface ActionFilter {
  q: string;
  tags: readonly string[];
  operation: string | null;
  /** Only what the asker may run. */
  mine: boolean;
}

/** Everything by which the list is narrowed, kept in the address: `?q=&tag=&tag=&operation=&may=yes`. */
export function useActionFilter() {
  const [search, setSearch] = useSearchParams();
  const filter: ActionFilter = {
    q: search.get("q") ?? "",
    tags: search.getAll("tag"),
    operation: search.get("operation"),
    mine: search.get("may") === "yes",
  };
  const set = (change: (search: URLSearchParams) => void) =>
    setSearch(
      (before) => {
        change(before);
        return before;
      },
      { replace: true, preventScrollReset: true },
    );
  return {
    filter,
    narrowed: Boolean(filter.q || filter.tags.length || filter.operation || filter.mine),
    /** An empty value takes the filter away. */
    put: (name: "q" | "operation" | "may", value: string | null) =>
      set((next) => (value ? next.set(name, value) : next.delete(name))),
    toggleTag: (tag: string) =>
      set((next) => (filter.tags.includes(tag) ? next.delete("tag", tag) : next.append("tag", tag))),
    clear: () => set((next) => ["q", "tag", "operation", "may"].forEach((name) => next.delete(name))),
  };
}

/** Actions that fit every filter, all tags and all words. There are few enough to look through while somebody types. */
export function matching(items: readonly ActionSummary[], filter: ActionFilter): ActionSummary[] {
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((action) => {
    const all = [action.name, action.title, action.description, action.owner ?? "", ...action.tags]
      .join(" ")
      .toLowerCase();
    return (
      words.every((word) => all.includes(word)) &&
      filter.tags.every((tag) => action.tags.includes(tag)) &&
      (filter.operation === null || action.operation === filter.operation) &&
      (!filter.mine || action.may_run.allowed)
    );
  });
}

/** Every tag with the number of actions that carry it, by name. */
export function tagsOf(items: readonly ActionSummary[]): [tag: string, count: number][] {
  const counts = new Map<string, number>();
  for (const action of items) for (const tag of action.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([one], [other]) => one.localeCompare(other));
}
