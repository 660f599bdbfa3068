/** Searching the example company: words, `name=value`, and what is chosen. */
import type { EntityView } from "../../src/api/types";

export interface EntityAsked {
  kind?: string | null;
  owner?: string | null;
  text?: string;
  query?: string;
}

export function searched(all: Iterable<EntityView>, asked: EntityAsked): EntityView[] {
  const typed = `${asked.text ?? ""} ${asked.query ?? ""}`.split(" ").filter(Boolean);
  return [...all].filter(
    (one) =>
      (!asked.kind || one.kind === asked.kind) &&
      (!asked.owner || one.owner === asked.owner) &&
      typed.every((word) => {
        const [name = "", value] = word.split("=");
        if (value !== undefined) return String(one.properties[name]) === value;
        return `${one.ref} ${one.title}`.toLowerCase().includes(word.toLowerCase());
      }),
  );
}

const counted = (names: (string | null)[]) =>
  [...new Set(names)]
    .filter((name) => name !== null)
    .map((name) => ({ name, count: names.filter((one) => one === name).length }));

export const facets = (all: readonly EntityView[], asked: EntityAsked) => ({
  total: searched(all, asked).length,
  kinds: counted(searched(all, { ...asked, kind: null }).map((one) => one.kind)),
  owners: counted(searched(all, { ...asked, owner: null }).map((one) => one.owner)),
});
