import { figure } from "./formats";

export const connections = {
  title: "Connections",
  lead: "The CI systems that runs are sent to: how they are followed, and how much they still allow.",
  none: "There is no connection",
  noneHint: "Connections stand in the settings of the server.",
  states: {
    answers: "Answers",
    silent: "Does not answer",
    unknown: "Not asked yet",
    held: "Asked us to wait",
  },
  heldTitle: "It has asked to be left alone",
  held: "Nothing is read from it or sent to it. That ends",
  lastError: "The last call went wrong",
  address: "Address",
  open: "Open runs",
  openRuns: (runs: number, projects: number) =>
    runs === 0
      ? "none"
      : `${figure(runs)} in ${projects === 1 ? "1 repository" : `${projects} repositories`}`,
  pace: "Looks",
  every: (seconds: number) => `at each repository every ${Math.round(seconds)} s`,
  polled: "Last look",
  stream: "Event stream",
  webhook: "Last webhook",
  never: "none yet",
  logs: "Logs",
  logsLive: "while a job runs",
  logsLate: "when a job has ended",
  spent: "Requests of the worker that polls, in the last hour",
  spentOf: (requests: number, of: number) =>
    `${figure(requests)} of the ${figure(of)} an hour that the poller keeps to`,
  used: "Used of its limit",
  leftOf: (left: number, limit: number) => `${figure(left)} of ${figure(limit)} requests left`,
  resets: "full again",
  wasReset: "as told last; full again",
  noLimit: "It has not said how much it allows.",
  deliveries: "Webhooks received",
  noDeliveries: "No webhook was received yet",
  noDeliveriesHint:
    "Without webhooks every change is seen by polling. Deliveries that were refused, for example for a wrong signature, are counted on the page of the webhooks.",
  refusedDeliveries: "Look for refused ones",
  nobodys: (external: string) => `run ${external} there, not one of ours`,
  read: "read since",
  unread: "not read yet",
};
