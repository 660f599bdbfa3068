/** A kind's JSON Schema as people read it. */
import { text } from "../../text";

const words = text.kinds;

export interface Property {
  name: string;
  title: string;
  /** "text, one of test, live" */
  type: string;
  required: boolean;
  description: string;
}

type Schema = Record<string, unknown>;

export function propertiesOf(schema: Schema): Property[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(asSchema(schema["properties"])).map(([name, value]) => {
    const one = asSchema(value);
    return {
      name,
      title: textOf(one["title"]) || name,
      type: typeOf(one),
      required: required.includes(name),
      description: textOf(one["description"]),
    };
  });
}

export function relationsOf(relations: Record<string, Schema>) {
  return Object.entries(relations).map(([name, one]) => ({
    name,
    kind: textOf(one["kind"]),
    many: one["many"] === true,
  }));
}

function typeOf(schema: Schema): string {
  const { type, format, items, minimum, maximum } = schema;
  const choices = Array.isArray(schema["enum"]) ? schema["enum"] : null;
  const named =
    words.formats[textOf(format)] ?? words.types[textOf(type)] ?? (textOf(type) || words.anything);
  const parts = [type === "array" && items ? words.listOf(typeOf(asSchema(items))) : named];
  if (choices) parts.push(words.oneOf(choices.map(String)));
  if (typeof minimum === "number") parts.push(words.atLeast(minimum));
  if (typeof maximum === "number") parts.push(words.atMost(maximum));
  if (typeof schema["pattern"] === "string") parts.push(words.pattern(schema["pattern"]));
  return parts.join(", ");
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const asSchema = (value: unknown): Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : {};
