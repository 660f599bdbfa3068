import { figure } from "./formats";

export const operate = {
  title: "Operate",
  lead: "How everything goes: what needs a person, what was run, and how it ended.",
  attention: {
    title: "Needs attention",
    none: "Nothing needs attention",
    noneHint: "A run comes here when nobody but a person can say what became of it.",
    all: "All of them",
  },
  chart: {
    title: "Runs over time",
    lead: "How many were asked for, how they ended, and how long those took that succeeded.",
    period: "Time",
    action: "Action",
    allActions: "All actions",
    runs: "Runs",
    succeeded: "Succeeded",
    failed: "Failed",
    open: "Not ended",
    other: "Ended otherwise",
    success: "Success",
    median: "Median time",
    medianLong: "Median time of those that succeeded",
    when: "From",
    byAction: "By action",
    asTable: "The same as a table",
    noneTitle: "No runs in this time",
    none: "Choose a longer time, or start an action.",
    summary: (runs: number, succeeded: number, failed: number) =>
      `${count(runs, "run")}, of which ${figure(succeeded)} succeeded and ${figure(failed)} failed.`,
    share: (share: number) => `${Math.round(share * 100)} %`,
    sparkline: (title: string, runs: number, failed: number) =>
      `${title}: ${count(runs, "run")} over this time, ${figure(failed)} failed`,
    noShare: "none ended",
    showRuns: "Show these runs",
  },
  periods: {
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "14d": "Last 14 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
  },
  anyTime: "Any time",
  between: (from: string, until: string) => `${from} to ${until}`,
  ever: "the beginning",
  now: "now",
};

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${figure(number)} ${what}s`;
}
