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
  seal: {
    title: "Signature",
    upTo: (sealed: number, entries: number) =>
      sealed === entries
        ? `All ${entries.toLocaleString("en")} entries are covered by a signed checkpoint.`
        : `Signed up to entry ${sealed.toLocaleString("en")} of ${entries.toLocaleString("en")}.`,
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
