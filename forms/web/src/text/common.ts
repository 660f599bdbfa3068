export const common = {
  product: "Daytwo",
  nav: {
    label: "Main",
    actions: "Actions",
    entities: "Entities",
    runs: "Runs",
    approvals: "Approvals",
    connections: "Connections",
    tokens: "Tokens",
    skip: "Skip to the content",
    waiting: (count: number) => `${count} waiting for you`,
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
        "Nothing was sent. Reload the page; if it happens again, tell the people who run Daytwo what you did.",
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
    example: "This is a trial company on this machine. Pick one of its people; you can change any time.",
    nobody: "Nobody can sign in here yet",
    nobodyDetail: "No example people are loaded. Start Daytwo with the example company: daytwo up.",
    signOut: "Sign out",
    groups: "Groups",
    noGroups: "in no group",
    menu: (name: string) => `Account of ${name}`,
    theme: "Colours",
    light: "Light",
    dark: "Dark",
    auto: "As the system",
  },
  loading: "Loading",
  more: "Show more",
  search: "Search",
  clear: "Clear",
  close: "Close",
  copy: "Copy",
  none: "none",
  empty: "empty",
  yes: "yes",
  no: "no",
  time: {
    now: "just now",
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
