import type { RJSFSchema } from "@rjsf/utils";
import { describe, expect, test } from "vitest";
import { FormValidator, pointerParts, withoutUndefined } from "../src/form/validator";

const SCHEMA: RJSFSchema = {
  type: "object",
  required: ["version", "environment"],
  additionalProperties: false,
  properties: {
    version: { type: "string", title: "Version", pattern: "^\\d+\\.\\d+\\.\\d+$" },
    environment: {
      type: "string",
      title: "Environment",
      oneOf: [{ const: "a", title: "A" }, { const: "b" }],
    },
    replicas: { type: "integer", title: "Replicas", minimum: 1, maximum: 9 },
    hosts: { type: "array", title: "Hosts", items: { type: "string", title: "Host", minLength: 2 } },
  },
};

function messages(data: unknown, schema: RJSFSchema = SCHEMA): Record<string, string | undefined> {
  const { errors } = new FormValidator().validateFormData(data, schema);
  return Object.fromEntries(errors.map((error) => [error.property, error.message]));
}

describe("messages", () => {
  test("a missing answer is named by its title, at its own place", () => {
    expect(messages({ environment: "a" })).toEqual({ ".version": "Version is required" });
  });

  test("every kind of fault has words and one message, not one for each schema around it", () => {
    expect(messages({ version: "1.0", environment: "c", replicas: 0, hosts: ["x"] })).toEqual({
      ".version": "Version does not have the form that is asked for",
      ".environment": "Environment must be one of the offered choices",
      ".replicas": "Replicas must be at least 1",
      ".hosts.0": "Host needs at least 2 characters",
    });
  });

  test("a field that is not asked for is named", () => {
    expect(messages({ version: "1.0.0", environment: "a", other: 1 })).toEqual({
      ".other": "Other is not asked for",
    });
  });

  test("a wrong type is said in words", () => {
    expect(messages({ version: 1, environment: "a", replicas: "many" })).toEqual({
      ".version": "Version must be text",
      ".replicas": "Replicas must be a whole number",
    });
  });

  test("sound answers have no errors", () => {
    expect(messages({ version: "1.2.3", environment: "b", replicas: 3, hosts: ["db"] })).toEqual({});
  });

  test("errors reach the form as a tree by field, and can be transformed", () => {
    const { errorSchema } = new FormValidator().validateFormData(
      { environment: "a" },
      SCHEMA,
      undefined,
      (errors) => errors.map((error) => ({ ...error, message: `! ${error.message}` })),
    );
    expect(errorSchema).toEqual({ version: { __errors: ["! Version is required"] } });
  });
});

describe("undefined", () => {
  test("a key without a value is a missing answer, not a value of a wrong type", () => {
    expect(messages({ version: undefined, environment: "a", replicas: undefined })).toEqual({
      ".version": "Version is required",
    });
  });

  test("no data at all is an empty form", () => {
    expect(messages(undefined)).toEqual({
      ".version": "Version is required",
      ".environment": "Environment is required",
    });
  });

  test("it is taken out at every depth", () => {
    expect(withoutUndefined({ a: undefined, b: { c: undefined, d: [1, undefined] } })).toEqual({
      b: { d: [1, null] },
    });
  });
});

describe("if and then", () => {
  const conditional: RJSFSchema = {
    type: "object",
    properties: { environment: { type: "string" } },
    if: { properties: { environment: { const: "production" } }, required: ["environment"] },
    then: { required: ["reason"], properties: { reason: { type: "string", title: "Reason" } } },
  };

  test("what is asked for only then is asked for then", () => {
    expect(messages({ environment: "staging" }, conditional)).toEqual({});
    expect(messages({ environment: "production" }, conditional)).toEqual({ ".reason": "Reason is required" });
    expect(messages({ environment: "production", reason: "late" }, conditional)).toEqual({});
  });

  test("react-jsonschema-form can ask which branch holds", () => {
    const validator = new FormValidator();
    const branch = conditional.if as RJSFSchema;
    expect(validator.isValid(branch, { environment: "production" }, conditional)).toBe(true);
    expect(validator.isValid(branch, { environment: undefined }, conditional)).toBe(false);
  });

  test("a branch may point into the definitions of the whole form", () => {
    const root: RJSFSchema = { $defs: { name: { type: "string", minLength: 2 } } };
    const validator = new FormValidator();
    expect(validator.isValid({ $ref: "#/$defs/name" }, "ab", root)).toBe(true);
    expect(validator.isValid({ $ref: "#/$defs/name" }, "a", root)).toBe(false);
  });
});

describe("odd schemas", () => {
  test("a pattern that only the server understands is left to the server", () => {
    const schema: RJSFSchema = {
      type: "object",
      properties: { name: { type: "string", pattern: "(?i)^shop$" } },
    };
    expect(messages({ name: "SHOP" }, schema)).toEqual({});
  });

  test("a schema that cannot be read matches nothing and says why", () => {
    const schema = { $ref: "#/nowhere" } as RJSFSchema;
    expect(new FormValidator().isValid(schema, {}, schema)).toBe(false);
    expect(new FormValidator().rawValidation(schema, {}).validationError).toBeInstanceOf(Error);
  });
});

test("pointers are read as RFC 6901 writes them", () => {
  expect(pointerParts("/a~1b/0/c~0d")).toEqual(["a/b", "0", "c~d"]);
});
