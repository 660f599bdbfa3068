import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import type { OptionsView, OptionView } from "../api/types";

/** What our widgets know beyond their own field. */
export interface FormContext {
  /** Which form it is: fields of one name in two forms offer different things. */
  of: readonly (string | null)[];
  options: (
    field: string,
    search: string,
    cursor: string | null,
    signal: AbortSignal,
  ) => Promise<OptionsView>;
  /** Changes whenever other answers have changed what a field may offer. */
  answersKey: string;
  /** Every choice that was offered so far, by field and key: what is chosen keeps its title on every page. */
  seen: Map<string, OptionView>;
  warnings: Readonly<Record<string, string>>;
  fromLink: ReadonlySet<string>;
  /** What is said beside those fields: "from the link". */
  origin: string;
}

/** Values of choices need not be text: 1 and "1" are two. */
export const keyOf = (value: unknown): string => JSON.stringify(value);

/** Fields whose choices are too many for the schema get our searching widget; descriptions reach every widget. */
export function withWidgets(schema: RJSFSchema, ui: UiSchema): UiSchema {
  const made: UiSchema = { ...ui };
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (typeof field !== "object") continue;
    const hints = (ui[name] ?? {}) as UiSchema;
    const options = { ...(hints["ui:options"] as Record<string, unknown> | undefined) };
    const remote = options["remote"] === true;
    delete options["remote"]; // or the plain widgets would write it into the page
    made[name] = {
      ...hints,
      "ui:options": options,
      ...(remote ? { "ui:widget": field.type === "array" ? "remoteList" : "remote" } : {}),
      ...(field.description ? { "ui:description": field.description } : {}),
      "ui:title": field.title,
    };
  }
  return made;
}
