/** Answers that a link brings: `/actions/deploy?entity=service:shop&version=1.2.0`. They fill, they never submit. */
import type { JsonObject } from "../api/types";

const NOT_FIELDS = new Set(["entity"]);

export function prefillFrom(search: URLSearchParams): Map<string, string> {
  return new Map([...search.entries()].filter(([key]) => !NOT_FIELDS.has(key)));
}

/** A word of the address as the field's type. What does not fit stays text, and the server says what is wrong with it. */
export function coerce(written: string, schema: JsonObject): unknown {
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
