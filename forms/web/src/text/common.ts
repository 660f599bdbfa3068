export const common = {
  product: "Daytwo",
  nav: {
    label: "Main",
    actions: "Actions",
    entities: "Entities",
    runs: "Runs",
    approvals: "Approvals",
    connections: "Connections",
    channels: "Channels",
    kinds: "Kinds",
    tokens: "Tokens",
    operate: "Operate",
    overview: "Overview",
    locks: "Locks",
    freezes: "Freezes",
    schedules: "Schedules",
    triggers: "Triggers",
    events: "Events",
    webhooks: "Webhooks",
    audit: "Audit",
    people: "People",
    more: "More",
    moreLead: "Everything around the runs: what holds them up, what they go through, and who does what.",
    skip: "Skip to the content",
    waiting: (approvals: number, tasks: number) =>
      [
        approvals > 0 && (approvals === 1 ? "1 approval" : `${approvals} approvals`),
        tasks > 0 && (tasks === 1 ? "1 task" : `${tasks} tasks`),
      ]
        .filter(Boolean)
        .join(" and ") + " waiting for you",
  },
  errors: {
    notOurs: {
      title: "Unexpected answer",
      detail: (status: number) =>
        `Something between this page and Daytwo answered with status ${status}. It is not known whether the request arrived. Try again; if it happens again, tell the people who run Daytwo.`,
    },
    unreachable: {
      title: "Daytwo could not be reached",
      detail:
        "No answer came back, so it is not known whether the request arrived. Check the connection and try again: asking again for the same thing does not do it twice.",
    },
    boundary: {
      title: "This part of the page broke",
      detail:
        "What you did last may have arrived. Look in Runs before you do it again. Then reload the page; if it happens again, tell the people who run Daytwo what you did.",
      runs: "Look in my runs",
      reload: "Reload the page",
    },
    notFound: {
      title: "There is no such page",
      detail:
        "The address may have a slip of the pen in it. Everything there is can be found from the actions.",
      back: "Go to the actions",
    },
    requestId: "Request",
    copy: "Copy",
    copied: "Copied",
    retry: "Try again",
  },
  live: {
    polling: "Live updates do not arrive, perhaps because of a proxy. Looking again every 3 seconds.",
  },
  account: {
    signIn: "Sign in",
    who: "Who are you?",
    ended: "Your session has ended.",
    endedDetail:
      "It was not used for long or its time was over, you signed out elsewhere, or you may not sign in any more. " +
      "What you asked for and decided before is kept. Sign in again, and you are back on this page.",
    example: "This is a trial company on this machine. Pick one of its people; sign out to be another.",
    changed: (to: string) => `You are ${to} now`,
    changedDetail: (from: string, to: string) =>
      `In another window of this browser ${to} has signed in, and one browser has one session. This page was ${from}’s; ` +
      "what was asked for here since was not done. To be two people at once, use a private window.",
    changedFine: "Put away",
    through: (title: string) => `Sign in with ${title}`,
    nobody: "Nobody can sign in here yet",
    nobodyDetail: "No example people are loaded. Start Daytwo with the example company: daytwo up.",
    signOut: "Sign out",
    signOutEverywhere: "Sign out everywhere",
    groups: "Groups",
    noGroups: "in no group",
    menu: (name: string) => `Account of ${name}`,
    theme: "Colours",
    light: "Light",
    dark: "Dark",
    auto: "As the system",
  },
  newTab: "(opens in a new tab)",
  loading: "Loading",
  more: "Show more",
  search: "Search",
  clear: "Clear",
  clearFilters: "Clear the filters",
  close: "Close",
  copy: "Copy",
  none: "none",
  empty: "empty",
  yes: "yes",
  no: "no",
  size: {
    bytes: (count: number) => `${count} B`,
    kilo: (count: string) => `${count} KB`,
    mega: (count: string) => `${count} MB`,
  },
  time: {
    now: "just now",
    soon: "in less than a minute",
    seconds: (count: number) => `${count} s`,
    second: "s",
    minutes: "min",
    hours: "h",
    days: "days",
    zone: (local: string, utc: string) => `${local} (${utc} UTC)`,
    unknown: "not yet",
  },
  diff: {
    field: "Field",
    before: "Before",
    after: "After",
    absent: "not there",
    added: "new",
    changed: "changed",
    same: (count: number) => `${count} unchanged`,
  },
};
