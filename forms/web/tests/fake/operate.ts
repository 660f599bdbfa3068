/** What the fake answers about operating: numbers, locks, freezes, who does what. */
import type { RunCount, RunStatistics, RunView } from "../../src/api/types";

const ENDS = ["cancelled", "rejected", "expired", "withdrawn", "refused", "superseded"];
const DAY = 86_400_000;

function counted(runs: readonly RunView[]): RunCount {
  const of = (...states: string[]) => runs.filter((run) => states.includes(run.state)).length;
  const [succeeded, failed, other] = [of("succeeded"), of("failed"), of(...ENDS)];
  return {
    runs: runs.length,
    succeeded,
    failed,
    other,
    open: runs.length - succeeded - failed - other,
    median_seconds: succeeded > 0 ? 300 : null,
  };
}

/** By days from the beginning of the stretch, whatever the zone. */
export function statistics(all: Iterable<RunView>, asked: URLSearchParams): RunStatistics {
  const until = asked.get("until") ?? new Date().toISOString();
  const since = asked.get("since") ?? new Date(Date.parse(until) - 14 * DAY).toISOString();
  const runs = [...all].filter(
    (run) =>
      run.created_at >= since &&
      run.created_at < until &&
      (!asked.get("action") || run.action === asked.get("action")),
  );
  const length = Math.ceil((Date.parse(until) - Date.parse(since)) / DAY);
  const starts = Array.from({ length }, (_, day) => Date.parse(since) + day * DAY);
  const within = (some: readonly RunView[], start: number) =>
    some.filter((run) => Date.parse(run.created_at) >= start && Date.parse(run.created_at) < start + DAY);
  const names = [...new Set(runs.map((run) => run.action))];
  return {
    since,
    until,
    step: "day",
    whole: counted(runs),
    parts: starts.map((start) => ({
      start: new Date(start).toISOString(),
      end: new Date(start + DAY).toISOString(),
      ...counted(within(runs, start)),
    })),
    actions: names.map((action) => {
      const own = runs.filter((run) => run.action === action);
      const title = own[0]?.action_title ?? action;
      return { action, title, ...counted(own), parts: starts.map((start) => counted(within(own, start))) };
    }),
  };
}
