import { figure } from "./formats";

export const audit = {
  title: "Audit",
  lead: "Who did what, newest first. Entries are only ever added, each is chained to the one before it, and the chain is signed.",
  actor: "Who",
  actorHint: "Who, as p_…",
  action: "What",
  actionHint: "What, as run.*",
  subject: "Of what",
  subjectHint: "As freeze:year-end",
  run: "About run",
  runHint: "Run, as r_…",
  time: "Time",
  number: "Number",
  at: "When",
  facts: "Details",
  noneTitle: "No entry",
  none: "No entry of the audit matches these filters.",
  exportCsv: "Export as CSV",
  exportJson: "Export as JSON lines",
  verify: {
    verb: "Verify the chain",
    walking: "The server walks every entry. A million take about a minute.",
    holds: (first: number, last: number, seconds: number) =>
      `The chain holds: entries ${figure(first)} to ${figure(last)}, in ${seconds.toFixed(1)} s`,
    outside: (count: number, sealed: number) =>
      `It is what ${figure(count)} signed checkpoints outside the database say; the last of them covers entry ${figure(sealed)}.`,
    onlyInside: (count: number) =>
      `${figure(count)} signed checkpoints were compared, all of them of the database itself: a chain that was computed anew together with them would not show.`,
    unchecked: (count: number) =>
      `${figure(count)} checkpoints are signed by keys that this server does not know, and were passed over.`,
    broken: (entry: number) => `The chain does not hold at entry ${figure(entry)}`,
    brokenNext:
      "Keep the database and its backups as they are, and run “daytwo audit verify” with the checkpoints that stand outside: they show between which entries somebody was at work.",
  },
  seal: {
    title: "Signature",
    upTo: (sealed: number, entries: number) =>
      sealed === entries
        ? `All ${figure(entries)} entries are covered by a signed checkpoint.`
        : `Signed up to entry ${figure(sealed)} of ${figure(entries)}.`,
    none: "Nothing is signed yet: the server has no key for it.",
    at: "Last checkpoint",
    failing: "Checkpoints cannot be written outside the database",
    since: "Since",
    keys: "Public keys",
    current: "signs now",
    verify:
      "Somebody who trusts neither this page nor its database exports the audit and checks the chain with the public key:",
    command: "daytwo audit verify",
  },
};
