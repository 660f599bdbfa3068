/** What the form of a freeze holds, and how it stands in a freeze file. */
import type { FreezeView, JsonObject } from "../../api/types";

export interface Draft {
  title: string;
  owner: string;
  reason: string;
  kind: "once" | "again" | null;
  timezone: string;
  from: string;
  until: string;
  start: string;
  rule: string;
  duration: string;
  outside: boolean;
  environments: string[];
  actions: string[];
  entities: string[];
  rollback: boolean;
  undo: boolean;
  breakGlass: boolean;
}

export const EMPTY: Draft = {
  ...{ title: "", owner: "", reason: "", kind: null, timezone: "", from: "", until: "" },
  ...{ start: "", rule: "", duration: "", outside: false, environments: [], actions: [], entities: [] },
  ...{ rollback: false, undo: false, breakGlass: false },
};

const LISTS = ["environments", "actions", "entities"] as const;
const LET_THROUGH = { rollback: "rollback", undo: "undo", breakGlass: "break_glass" } as const;
const objectOf = (value: unknown): JsonObject =>
  value && typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : {};
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** The form of a freeze that is there. */
export function draftOf(freeze: FreezeView): Draft {
  const spec: JsonObject = freeze.spec;
  const calendar = objectOf(spec["calendar"]);
  const where = objectOf(spec["where"]);
  const through = objectOf(spec["except"]);
  return {
    title: freeze.title,
    owner: freeze.owner,
    reason: textOf(spec["reason"]),
    kind: "calendar" in spec ? "again" : "once",
    timezone: textOf(spec["timezone"]),
    from: textOf(spec["from"]),
    until: textOf(spec["until"]),
    start: textOf(calendar["start"]),
    rule: textOf(calendar["rule"]),
    duration: textOf(calendar["duration"]),
    outside: spec["frozen"] === "outside",
    environments: listOf(where["environments"]),
    actions: listOf(where["actions"]),
    entities: listOf(where["entities"]),
    rollback: through["rollback"] === true,
    undo: through["undo"] === true,
    breakGlass: through["break_glass"] === true,
  };
}

/**
 * As in a freeze file. Of a freeze that is `changed`, keys that the form has no field for stay, and keys that are empty now
 * are sent as null, which takes them away.
 */
export function specOf(draft: Draft, changed?: FreezeView): JsonObject {
  const before: JsonObject = changed?.spec ?? {};
  const again = draft.kind === "again";
  const spec: JsonObject = {
    reason: draft.reason.trim(),
    timezone: draft.timezone.trim() || null,
    from: again ? null : draft.from.trim() || null,
    until: again ? null : draft.until.trim() || null,
    calendar: again
      ? { start: draft.start.trim(), rule: draft.rule.trim(), duration: draft.duration.trim() }
      : null,
    frozen: again && draft.outside ? "outside" : null,
    where: selector(draft, objectOf(before["where"])),
    except: through(draft, objectOf(before["except"])),
  };
  return Object.fromEntries(Object.entries(spec).filter(([key, value]) => value !== null || key in before));
}

function selector(draft: Draft, before: JsonObject): JsonObject | null {
  const named = LISTS.flatMap((name) => (draft[name].length > 0 ? [[name, draft[name]] as const] : []));
  return filled({ ...without(before, LISTS), ...Object.fromEntries(named) });
}

function through(draft: Draft, before: JsonObject): JsonObject | null {
  const fields = Object.keys(LET_THROUGH) as (keyof typeof LET_THROUGH)[];
  const ticked = fields.filter((field) => draft[field]).map((field) => [LET_THROUGH[field], true] as const);
  return filled({ ...without(before, Object.values(LET_THROUGH)), ...Object.fromEntries(ticked) });
}

const without = (all: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(all).filter(([key]) => !keys.includes(key)));

const filled = (all: JsonObject): JsonObject | null => (Object.keys(all).length > 0 ? all : null);
