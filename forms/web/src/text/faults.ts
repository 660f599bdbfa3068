/** What is wrong with an answer, by the keyword of JSON Schema that it does not fit. */
export type Limits = Readonly<Record<string, number | string | undefined>>;

const messages: Record<string, (label: string, limits: Limits) => string> = {
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

function nameOfType(type: number | string | undefined): string {
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

export const faults = { form: "The form", messages };
