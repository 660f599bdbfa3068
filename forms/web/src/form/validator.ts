/**
 * Validates forms in the browser without compiling code: react-jsonschema-form's usual validator needs `eval`, which
 * the content security policy forbids. It gives quick answers only; what holds is what the server says.
 */
import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";
import {
  createErrorHandler,
  toErrorSchema,
  unwrapErrorHandler,
  validationDataMerge,
  type CustomValidator,
  type ErrorTransformer,
  type RJSFSchema,
  type RJSFValidationError,
  type UiSchema,
  type ValidationData,
  type ValidatorType,
} from "@rjsf/utils";
import { faultMessage } from "./messages";

// Errors of these only say that an error stands further down.
const WRAPPERS = new Set([
  "$ref",
  "additionalProperties",
  "allOf",
  "dependentSchemas",
  "if",
  "items",
  "patternProperties",
  "prefixItems",
  "properties",
  "unevaluatedProperties",
]);
// What stands below these are the reasons why each branch did not match: of use to nobody who fills in a form.
const BRANCHES = /\/(anyOf|oneOf|not|contains)\//;

type Data = unknown;

export class FormValidator implements ValidatorType {
  private readonly prepared = new WeakMap<object, Validator>();

  validateFormData(
    formData: Data,
    schema: RJSFSchema,
    customValidate?: CustomValidator,
    transformErrors?: ErrorTransformer,
    uiSchema?: UiSchema,
  ): ValidationData<Data> {
    const raw = this.rawValidation<RJSFValidationError>(schema, formData);
    const found = raw.errors ?? [];
    const errors = transformErrors ? transformErrors(found, uiSchema) : found;
    const result: ValidationData<Data> = { errors, errorSchema: toErrorSchema(errors) };
    if (!customValidate) return result;
    const handler = customValidate(formData, createErrorHandler(formData), uiSchema, result.errorSchema);
    return validationDataMerge(result, unwrapErrorHandler(handler));
  }

  isValid(schema: RJSFSchema, formData: Data, rootSchema: RJSFSchema): boolean {
    const { $defs, definitions } = rootSchema;
    const whole = $defs || definitions ? { ...schema, $defs, definitions } : schema;
    try {
      return this.validatorOf(whole).validate(withoutUndefined(formData)).valid;
    } catch {
      return false; // as the interface asks for: a schema that cannot be read matches nothing
    }
  }

  rawValidation<Result = RJSFValidationError>(
    schema: RJSFSchema,
    formData?: Data,
  ): { errors?: Result[]; validationError?: Error } {
    try {
      const { errors } = this.validatorOf(schema).validate(withoutUndefined(formData));
      return { errors: errors.filter(isLeaf).map((unit) => toValidationError(unit, schema)) as Result[] };
    } catch (cause) {
      return { errors: [], validationError: cause instanceof Error ? cause : new Error(String(cause)) };
    }
  }

  private validatorOf(schema: RJSFSchema | boolean): Validator {
    if (typeof schema === "boolean") return new Validator(schema, "2020-12", false);
    const known = this.prepared.get(schema);
    if (known) return known;
    const made = new Validator(readable(schema) as Schema, "2020-12", false);
    this.prepared.set(schema, made);
    return made;
  }
}

/** JSON has no `undefined`: a key that holds it is not there, a place in a list that holds it is null. */
export function withoutUndefined(value: unknown): unknown {
  if (value === undefined) return {};
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** The schema without patterns that this browser cannot read: the server's are RE2, which knows `(?i)`. */
function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, inner]) =>
      inner !== undefined && !(key === "pattern" && typeof inner === "string" && !compiles(inner)),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, readable(inner)]));
}

function compiles(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, "u"));
  } catch {
    return false;
  }
}

function isLeaf(unit: OutputUnit): boolean {
  return !WRAPPERS.has(unit.keyword) && !BRANCHES.test(unit.keywordLocation);
}

function toValidationError(unit: OutputUnit, schema: RJSFSchema): RJSFValidationError {
  const path = pointerParts(unit.instanceLocation.replace(/^#/, ""));
  const missing = unit.keyword === "required" ? /"(.*)"\.$/s.exec(unit.error)?.[1] : undefined;
  if (missing !== undefined) path.push(missing);
  const message = faultMessage({ keyword: unit.keyword, path, schema, fallback: unit.error });
  return {
    name: unit.keyword,
    property: `.${path.join(".")}`,
    message,
    stack: message,
    schemaPath: unit.keywordLocation,
    params: missing === undefined ? {} : { missingProperty: missing },
  };
}

/** `/a/b~1c` → `["a", "b/c"]` */
export function pointerParts(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~"));
}
