/** What was typed into a form, as long as the tab is open: a reload or a session that has ended loses nothing. */
import type { JsonObject } from "../api/types";
import { keptInTab, type Keeping } from "../parts/keep";

const PREFIX = "daytwo.draft.";

export interface Draft {
  answers: JsonObject;
  save: (answers: JsonObject) => void;
  forget: () => void;
}

/** The draft of one person's form of one action at one address: another link is another form. */
export function draftOf(
  { person, action, search }: { person: string; action: string; search: string },
  kept: Keeping = keptInTab,
): Draft {
  const key = `${PREFIX}${person}.${action}.${search}`;
  const found = kept.read(key);
  return {
    answers: isObject(found) ? found : {},
    save: (answers) => (Object.keys(answers).length > 0 ? kept.write(key, answers) : kept.forget(key)),
    forget: () => kept.forget(key),
  };
}

/** Whoever signs out leaves nothing half typed behind. */
export function forgetDrafts(): void {
  try {
    const keys = Object.keys(window.sessionStorage).filter((key) => key.startsWith(PREFIX));
    for (const key of keys) window.sessionStorage.removeItem(key);
  } catch {
    // The browser lets us keep nothing, so nothing was kept.
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
