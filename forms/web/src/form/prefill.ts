/**
 * Answers that a form begins with: of a link, `/actions/deploy?entity=service:shop&version=1.2.0`, or of an earlier run,
 * `?from=r_…`. They fill, they never submit.
 */
import type { JsonObject } from "../api/types";

const NOT_FIELDS = new Set(["entity", "from"]);

export type Prefill = ReadonlyMap<string, unknown>;

export function prefillFrom(search: URLSearchParams, run: JsonObject = {}): Prefill {
  const link = [...search.entries()].filter(([key]) => !NOT_FIELDS.has(key));
  return new Map([...Object.entries(run).filter(([, value]) => value !== null), ...link]);
}

/** A word of the address as the field's type. What does not fit stays text, and the server says what is wrong with it. */
export function coerce(written: unknown, schema: JsonObject): unknown {
  if (typeof written !== "string") return written;
  switch (schema["type"]) {
    case "boolean":
      return written === "true" ? true : written === "false" ? false : written;
    case "integer":
    case "number":
      return written.trim() !== "" && Number.isFinite(Number(written)) ? Number(written) : written;
    case "array":
      return written === "" ? [] : written.split(",");
    default:
      return written;
  }
}
