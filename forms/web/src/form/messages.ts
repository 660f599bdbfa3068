/** What is wrong with an answer, in words for the person who gave it. */
import type { RJSFSchema } from "@rjsf/utils";
import { humanised } from "../parts/textOf";

interface Asked {
  keyword: string;
  path: readonly string[];
  schema: RJSFSchema;
  fallback: string;
}

type Limits = RJSFSchema & Record<string, number | string | undefined>;

const MESSAGES: Record<string, (label: string, limits: Limits) => string> = {
  required: (label) => `${label} is required`,
  dependentRequired: (label) => `${label} needs another answer as well`,
  type: (label, { type }) => `${label} must be ${nameOfType(type)}`,
  enum: (label) => `${label} must be one of the offered choices`,
  const: (label) => `${label} must be one of the offered choices`,
  oneOf: (label) => `${label} must be one of the offered choices`,
  anyOf: (label) => `${label} must be one of the offered choices`,
  pattern: (label) => `${label} does not have the form that is asked for`,
  format: (label, { format }) => `${label} must be a valid ${format}`,
  minLength: (label, { minLength }) =>
    minLength === 1 ? `${label} is required` : `${label} needs at least ${minLength} characters`,
  maxLength: (label, { maxLength }) => `${label} may have at most ${maxLength} characters`,
  minimum: (label, { minimum }) => `${label} must be at least ${minimum}`,
  maximum: (label, { maximum }) => `${label} must be at most ${maximum}`,
  exclusiveMinimum: (label, { exclusiveMinimum }) => `${label} must be more than ${exclusiveMinimum}`,
  exclusiveMaximum: (label, { exclusiveMaximum }) => `${label} must be less than ${exclusiveMaximum}`,
  multipleOf: (label, { multipleOf }) => `${label} must be a multiple of ${multipleOf}`,
  minItems: (label, { minItems }) => `${label} needs at least ${minItems}`,
  maxItems: (label, { maxItems }) => `${label} may have at most ${maxItems}`,
  uniqueItems: (label) => `${label} has the same entry twice`,
  false: (label) => `${label} is not asked for`,
};

export function faultMessage({ keyword, path, schema, fallback }: Asked): string {
  const field = fieldSchema(schema, path);
  const label = String(field?.title ?? humanised(path.at(-1) ?? "The form"));
  return MESSAGES[keyword]?.(label, (field ?? {}) as Limits) ?? `${label}: ${fallback}`;
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

function nameOfType(type: unknown): string {
  switch (type) {
    case "integer":
      return "a whole number";
    case "number":
      return "a number";
    case "boolean":
      return "yes or no";
    case "array":
      return "a list";
    case "object":
      return "a group of answers";
    default:
      return "text";
  }
}
