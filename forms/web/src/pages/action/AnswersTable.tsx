import type { FormView, JsonObject } from "../../api/types";
import { fieldsOf } from "../../form/resolution";
import { Facts } from "../../parts/Basics";
import { inWords, visible } from "../../parts/textOf";
import { text } from "../../text";

/** The answers under the titles that they were asked with. */
export function AnswersTable({ view, inputs }: { view: FormView; inputs: JsonObject }) {
  const fields = [...fieldsOf(view)];
  if (fields.length === 0) return <p className="soft">{text.actions.form.noFields}</p>;
  return (
    <Facts
      facts={fields.map(([name, schema]) => [
        visible(String(schema["title"] ?? name)),
        answerInWords(inputs[name], schema),
      ])}
    />
  );
}

/** The title of the choice where there is one; a secret is never shown. */
export function answerInWords(value: unknown, schema: JsonObject): string {
  if (schema["writeOnly"] === true) return value === undefined ? text.none : "••••••";
  const choices = [schema["oneOf"], schema["anyOf"]].filter(Array.isArray).flat() as {
    const?: unknown;
    title?: string;
  }[];
  const chosen = choices.find((choice) => JSON.stringify(choice.const) === JSON.stringify(value));
  return chosen?.title ? visible(chosen.title) : inWords(value);
}
