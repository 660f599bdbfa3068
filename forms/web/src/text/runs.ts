import { figure } from "./formats";

/** What became of the runs that a step calls. */
export type CallCounts = Record<"succeeded" | "failed" | "goOn" | "notBegun", number>;

export const runs = {
  title: "Runs",
  lead: "Everything that was asked for, newest first.",
  back: "All runs",
  state: "State",
  anyState: "Any state",
  action: "Action",
  anyAction: "Any action",
  entity: "On",
  anyEntity: "Any entity, as service:shop",
  mine: "Only mine",
  anybody: "Anybody, as person:ana",
  time: "Asked in",
  about: "About",
  id: "Run",
  unheard: "Nobody could be told",
  evidence: "Evidence",
  evidenceFile: "Everything, as one signed file",
  by: "Asked by",
  comment: "Comment",
  cause: { schedule: "Asked for by the schedule", trigger: "Asked for by the trigger" },
  asked: "Asked",
  took: "Took",
  noneTitle: "No runs here",
  none: "Start with an action, and its run appears here by itself.",
  noneFiltered: "No run matches these filters.",
  toActions: "Go to the actions",
  undoOf: "Undoes",
  undoneBy: "Undone by",
  calledBy: "Called by",
  resumeOf: "Goes on with",
  resumedBy: "Went on in",
  rerunOf: "Again, after",
  previous: "Previous successful run",
  duration: "Duration",
  usually: (range: string) => `usually ${range}`,
  waits: {
    owner: "Moves next",
    next: "Next event",
    until: "Until",
    then: "Then",
    decide: "Open the approval",
  },
  steps: {
    called: "the run that it calls",
    goesOn: "goes on",
    notBegun: "not begun",
    callsSoFar: (counts: CallCounts) =>
      [
        [counts.succeeded, "succeeded"] as const,
        [counts.failed, "went wrong"] as const,
        [counts.goOn, counts.goOn === 1 ? "goes on" : "go on"] as const,
        [counts.notBegun, "not begun"] as const,
      ]
        .filter(([count]) => count > 0)
        .map(([count, word]) => `${figure(count)} ${word}`)
        .join(", "),
    callsNotBegun: (count: number) => `${figure(count)} that have not begun`,
    wave: (number: number, of: number) => `Wave ${number} of ${of}`,
    check: "· the check after its wave",
    due: "due",
    undo: "What is taken back",
    undoes: (step: string) => `takes back ${step}`,
    after: (steps: string) => `after ${steps}`,
    title: "Steps",
    none: "No step has begun.",
    attempt: (number: number) => `Attempt ${number}`,
    uses: "on",
    sent: "Sent",
    marker: "Marker",
    digest: "Digest of what is sent",
    commit: "Commit",
    open: (connection: string) => `Open in ${connection}`,
    facts: {
      external_deleted: "Somebody deleted it in the CI system.",
      external_cancelled: "Somebody cancelled it in the CI system.",
      external_rerun: (attempt: number) =>
        `Somebody re-ran it in the CI system (attempt ${attempt}). The result that counts is the first.`,
    },
    artifacts: (count: number) => (count === 1 ? "1 file left there" : `${count} files left there`),
    expired: "expired",
    size: (bytes: number) =>
      bytes < 1_000
        ? `${bytes} B`
        : bytes < 1_000_000
          ? `${(bytes / 1_000).toFixed(1)} kB`
          : `${(bytes / 1_000_000).toFixed(1)} MB`,
    inside: (count: number) => `· ${count} inside`,
    only: (name: string) => `· ${name}`,
    gate: "· a gate",
    wentWell: (count: number) => `${count} more that went well`,
    seen: "Last seen",
    claimed: "Let through",
    claimedBy: (execution: string) => `execution ${execution}, and no other`,
    details: "Details",
    says: "The CI system says",
    number: "Its number there",
    openJob: "Open this job in the CI system",
  },
  outputs: {
    title: "Results",
    from: {
      report: "Reported by the run itself.",
      artifact: "The run left it in the CI system.",
      answer: "The service answered so.",
      event: "An event said so.",
      person: "Somebody filled it in.",
      run: "The run that it called left it.",
    },
  },
  gates: {
    open: "Open it there",
    said: (name: string, verdict: "go" | "stop") => `${name} said ${verdict}`,
    comment: "Comment",
    commentHint: "Stands in the audit, and in the CI system where it takes one.",
    title: { go: "Let it go on?", stop: "Stop it there?" },
    explain: {
      go: (title: string, job: string) =>
        `The CI system is told at once to let ${gateNamed(title, job)} go on, and what follows begins. That cannot be taken back.`,
      stop: (title: string, job: string) =>
        `The CI system is told at once to stop ${gateNamed(title, job)}. What the pipeline has done until now stays.`,
    },
    verbs: {
      manual_job: { go: "Play", stop: "Stop" },
      deployment: { go: "Approve", stop: "Reject" },
      environment: { go: "Approve", stop: "Reject" },
      suspend: { go: "Resume", stop: "Stop" },
    },
  },
  tabs: {
    log: "Log",
    timeline: "Timeline",
    plan: "Plan and answers",
    approvals: "Approvals",
    catalog: "Catalog changes",
  },
  log: {
    label: "Log of the run",
    search: "Search in the log",
    matches: (at: number, of: number, whole: boolean) =>
      of === 0 ? "no match" : `${at} of ${figure(of)}${whole ? "" : "+"}`,
    notSearched: (count: number) =>
      count === 1
        ? "1 line of this log is not kept, and nothing was looked for in it."
        : `${figure(count)} lines of this log are not kept, and nothing was looked for in them.`,
    searching: "looking",
    searchFailed: "could not look",
    next: "Next match",
    previous: "Previous match",
    follow: "Follow",
    following: "Following",
    firstError: "First error",
    download: "Download",
    downloadPart: "Download this part",
    times: "Times",
    all: "Everything",
    job: "Step or job",
    step: (name: string) => `All of ${name}`,
    ofJob: (name: string) => `Log of ${name}`,
    segments: "Part of the log",
    segment: (from: number, to: number, of: number) =>
      `Lines ${figure(from)} to ${figure(to)} of ${figure(of)}`,
    earlier: "Earlier lines",
    later: "Later lines",
    empty: "There are no log lines yet.",
    emptyDone: "This run wrote no log.",
    lines: (count: number, whole: boolean) =>
      count === 1 && whole ? "1 line" : `${figure(count)}${whole ? "" : "+"} lines`,
    line: (number: number) => `Link to line ${number}`,
    gap: (first: number, last: number) => `Link to lines ${first} to ${last}, which are left out`,
  },
  timeline: {
    none: "Nothing has begun yet.",
    lead: (whole: string, waited: string) => `${whole} in all, of which ${waited} were waiting.`,
    approval: (stage: number, stages: number) =>
      stages > 1 ? `Approval, stage ${stage} of ${stages}` : "Approval",
    turn: "Window and lock",
    after: (time: string) => `, from ${time} after the request`,
  },
  failure: {
    title: (where: string) => `Failed: ${where}`,
    titlePlain: "It failed",
    line: (number: number) => `line ${number}`,
    jump: "Show in the log",
  },
  plan: {
    inputs: "Answers",
    noInputs: "It asked for nothing.",
    secretWaits: "•••••• until its pipeline collects it",
    secretCollected: "•••••• collected by its pipeline, once",
    secretUnused: "•••••• never collected",
    document: "Plan",
    digest: "Digest",
    version: "Definition",
    raw: "To the letter",
  },
  approvals: {
    none: "This run needs no approval.",
    open: "Everything that was to be decided",
    quorum: (count: number, from: string) => `${count} of ${from}`,
    expires: "Expires",
  },
  catalog: {
    none: "It changed nothing in the catalog.",
    notYet: "Nothing has changed yet. The catalog changes when the run succeeds.",
  },
  lock: {
    title: "Lock",
    state: {
      held: "held by this run",
      queued: "in the queue",
      released: "released",
      none: "not asked for yet",
      taken: "taken away from this run",
    },
    position: (position: number) => `place ${position}`,
    fence: (fence: number) => `number ${fence}`,
    heldBy: "held by run",
    expected: "its turn is about",
  },
  buttons: {
    cancel: "Cancel the run",
    withdraw: "Withdraw",
    undo: "Undo",
    rerun: "Run again",
    resume: "Resume",
    edit: "Run with changes",
  },
  confirm: {
    reason: "Reason",
    reasonHint: "Stands in the audit and on the run's page.",
    cancelTitle: "Cancel this run?",
    cancelText:
      "The CI system is asked to stop the pipeline. What it has already done is not undone. The run is “cancelling” until the CI system confirms, and keeps its lock until then.",
    cancelForce: "Force it: for a pipeline that does not stop when asked",
    withdrawTitle: "Take this request back?",
    withdrawText:
      "Nothing has been sent to a CI system. Those who were asked to approve it are not asked any more.",
    undoTitle: "Undo this run?",
    undoText:
      "A new run is started that brings back what was there before. It is checked, approved and locked like any other.",
    undoPrevious: "What was there before came from run",
    rerunTitle: "Run this again?",
    rerunText:
      "A new run is started with the same answers, by today's definition of the action. It is checked, approved and locked like any other. Secret answers are not kept, so an action that asks for one has to be run with changes.",
    failed: "It did not happen",
  },
  resume: {
    title: "Go on where this run ended?",
    lead: "A new run goes on from here. It is checked, approved and locked like any other; what is done already is not done again.",
    verb: "Resume",
    looking: "Looking at what is known of each step…",
    steps: "What becomes of each step",
    does: {
      skip: "Carried over",
      check: "Looked at again",
      repeat: "Done again",
      begin: "Its turn comes",
      ask: "Nobody knows",
    },
    ask: (step: string) => `What becomes of ${step}?`,
    answers: { done: "It was carried out: carry it over", again: "Do it again" },
    changed: "The action has changed since this run began. The new run does what it says today:",
    different: "This is different from what was planned then:",
    differences: "What is different",
    nothing: "nothing",
  },
  lasting: {
    extend: "Extend",
    extendTitle: "Let it last longer?",
    extendText:
      "That is your approval, as of any other plan: it stands in the audit. It is taken back at the new end.",
    comment: "Comment",
    ask: "Ask for longer",
    askTitle: "Ask that it lasts longer?",
    askText: "Those whom the action names are asked to approve it. Until one of them has, its end stays.",
    until: "New end",
    latest: (time: string) => `At the latest ${time}`,
    giveBack: "Give it back",
    giveBackTitle: "Give it back now?",
    giveBackText: "Its time is over then: the run takes back what it has done, as it was approved, and ends.",
  },
  undoing: {
    title: "Somebody has to say what becomes of what this run did",
    lead: "The run has failed or was cancelled. It keeps its lock until this is said.",
    choices: {
      undo: "Undo it",
      stop: "Leave all of it as it is",
      again: "Try the undo again",
      leave: "Leave that as it is, and go on",
    },
  },
  resolve: {
    title: "A person has to say what became of this attempt",
    lead: "The request may or may not have arrived, and neither could be proven. Look in the CI system first: what you say here decides whether it is sent again.",
    where: (step: string, attempt: number) => `Step ${step}, attempt ${attempt}`,
    marker: "Look for a run with this marker",
    outcome: "What did you find?",
    ran: "It ran",
    didNotRun: "It did not run",
    external: "Its number in the CI system",
    withoutMarker: "Its name does not show the marker, and I vouch for it",
    withoutMarkerMeans:
      "Only if you have opened it there and seen the marker as its input daytwo_run. Project, pipeline, ref, account and time are checked; the marker then is not, and the audit says so.",
    reason: "How do you know?",
    submit: "Record what I found",
    required: "Say what you found and how you know.",
    requiredExternal: "Give the number of the run in the CI system.",
    found: (name: string, external: string | null) =>
      external ? `${name} found that it ran as ${external}` : `${name} found that it did not run`,
    second: "Somebody else has to find the same before anything happens.",
    notYou: "You may not resolve this",
  },
};

/** A gate is often called as its job is. */
function gateNamed(title: string, job: string): string {
  return title === job ? `“${title}”` : `“${title}” (${job})`;
}
