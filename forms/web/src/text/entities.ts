import { figure } from "./formats";

export const entities = {
  title: "Entities",
  lead: "What exists: services, environments, people, and what runs where.",
  search: "Words, or conditions as tier=1",
  how: "What can be written here?",
  examples: [
    ["shop", "a word of the name or the title, or its beginning"],
    ["kind:service owner:group:sre", "its kind, and who owns it"],
    ["tier=1 language!=go", "a property that has a value, or has not; a list has it in it"],
    ["dependsOn>service:billing", "a relation to an entity"],
    ['region="eu west"', "a value with a space"],
  ] as const,
  total: (count: number) => (count === 1 ? "1 fits" : `${figure(count)} fit`),
  locks: "Locks",
  temporary: "For a time",
  lockWaiting: (count: number) => (count === 1 ? "1 waits" : `${figure(count)} wait`),
  kind: "Kind",
  name: "Name",
  owner: "Owner",
  noneTitle: "Nothing found",
  none: "Try another word or another kind. Entities come from the catalog files and from runs.",
  properties: "Properties",
  noProperties: "It has no properties.",
  relations: "Relations",
  noRelations: "It points to nothing.",
  referencedBy: "What refers to it",
  referencedByMore: (count: number) =>
    `More refers to it than is shown: only the first ${figure(count)} are. Narrow the list of entities to find the others.`,
  belongings: "What belongs to it",
  noBelongings: "Nothing does yet",
  belongingHow: (kind: string, by: readonly (readonly [kind: string, relations: readonly string[]])[]) =>
    `What has a relation to one ${kind} is shown here: ${by
      .map(([other, relations]) => `a ${other} by its ${relations.join(" or ")}`)
      .join(", ")}.`,
  belongingsLoading: (count: number) =>
    count === 1 ? "1 more is being read" : `${count} more are being read`,
  writtenBy: "Written by",
  byFile: "catalog file",
  byHiddenRun: "a run that you may not see",
  actions: "Actions",
  runs: "Latest runs",
  noRuns: "Nothing has been run on it yet.",
  toActions: "See what can be done here",
  noActions: (kind: string) =>
    `No action that you may see is meant for a ${kind}. One whose file has “target: { kind: ${kind} }” is offered here.`,
  otherActions: "See what can be done elsewhere",
  allRuns: "All runs on it",
  history: "History",
  noHistory: "It has not changed since it was read in.",
  historyVersion: (version: number) => `Version ${version}`,
  back: "All entities",
  noOwner: "nobody",
};
