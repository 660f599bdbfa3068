import { getDefaultFormState, type RJSFSchema } from "@rjsf/utils";
import { expect, test } from "vitest";
import { NO_DEFAULTS } from "../src/form/FormPage";
import { FormValidator } from "../src/form/validator";

const SCHEMA: RJSFSchema = {
  type: "object",
  required: ["environment", "fixed", "target", "hosts"],
  properties: {
    environment: { type: "string", oneOf: [{ const: "development" }, { const: "production" }] },
    fixed: { type: "string", const: "production" },
    given: { type: "string", default: "production" },
    target: {
      type: "object",
      required: ["zone"],
      properties: { zone: { const: "eu" }, tier: { default: 1 } },
    },
    hosts: { type: "array", minItems: 2, items: { type: "string", default: "a" } },
  },
};
const filled = (behaviour: object) =>
  getDefaultFormState(new FormValidator(), SCHEMA, {}, SCHEMA, false, behaviour) as object;

// react-jsonschema-form would choose the first environment for somebody who only reads the form.
test("react-jsonschema-form fills in nothing by itself", () => {
  expect(JSON.stringify(filled(NO_DEFAULTS))).not.toMatch(/development|production|eu|1|"a"/);
});

test("which it does without being told: if this fails, look whether it still has to be told", () => {
  expect(JSON.stringify(filled({}))).toMatch(/development/);
});
