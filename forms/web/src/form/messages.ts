/** What is wrong with an answer, in words for the person who gave it. */
import type { RJSFSchema } from "@rjsf/utils";
import { humanised } from "../parts/textOf";
import { text } from "../text";
import type { Limits } from "../text/faults";

interface Asked {
  keyword: string;
  path: readonly string[];
  schema: RJSFSchema;
  fallback: string;
}

export function faultMessage({ keyword, path, schema, fallback }: Asked): string {
  const field = fieldSchema(schema, path);
  const label = String(field?.title ?? (path.length > 0 ? humanised(path.at(-1) ?? "") : text.faults.form));
  return (
    text.faults.messages[keyword]?.(label, (field ?? {}) as unknown as Limits) ?? `${label}: ${fallback}`
  );
}

/** The schema of the field at a path of property names and list positions, where it is plainly declared. */
export function fieldSchema(schema: RJSFSchema, path: readonly string[]): RJSFSchema | undefined {
  let here: unknown = schema;
  for (const part of path) {
    if (typeof here !== "object" || here === null) return undefined;
    const { properties, items } = here as RJSFSchema;
    here = properties?.[part] ?? (/^\d+$/.test(part) ? items : undefined);
  }
  return typeof here === "object" && here !== null ? here : undefined;
}
