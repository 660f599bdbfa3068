import type { TimeAsked } from "../../api/queries";
import type { JsonObject, RunSummary, ScheduleView } from "../../api/types";
import { zone } from "../../parts/period";

/** A schedule as the form has it: text in every field. */
export interface Draft {
  title: string;
  kind: "again" | "once";
  cron: string;
  at: string;
  timezone: string;
  overlap: string;
  catchUp: string;
  missed: string;
}

export const EMPTY: Draft = {
  title: "",
  kind: "again",
  cron: "",
  at: "",
  timezone: zone(),
  overlap: "skip",
  catchUp: "10m",
  missed: "skip",
};

export function draftOf({ title, spec }: ScheduleView): Draft {
  const told = (name: string, otherwise: string) => (typeof spec[name] === "string" ? spec[name] : otherwise);
  return {
    title,
    kind: spec["at"] ? "once" : "again",
    cron: told("cron", ""),
    at: told("at", ""),
    timezone: told("timezone", EMPTY.timezone),
    overlap: told("overlap", EMPTY.overlap),
    catchUp: told("catch_up", EMPTY.catchUp),
    missed: told("missed", EMPTY.missed),
  };
}

/** When it is due; null while that is not filled in. */
export function timeOf(draft: Draft): TimeAsked | null {
  const written = (draft.kind === "again" ? draft.cron : draft.at).trim();
  const timezone = draft.timezone.trim();
  if (!written || !timezone) return null;
  return draft.kind === "again"
    ? { cron: written, at: null, timezone }
    : { cron: null, at: written, timezone };
}

/** What is sent. Of a change what is asked for stays; null takes away what was there before. */
export function specOf(draft: Draft, like: RunSummary | null): JsonObject {
  const time = timeOf(draft);
  const what = like ? { action: like.action, entity: like.entity, inputs: given(like.inputs) } : {};
  return {
    ...what,
    ...(time ?? {}),
    overlap: draft.overlap,
    catch_up: draft.catchUp.trim(),
    missed: draft.missed,
  };
}

/** What was left empty is not asked for again. */
const given = (inputs: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== null && value !== ""));
