/** One page of a form, drawn by react-jsonschema-form with Mantine's widgets. */
import "@mantine/dates/styles.css";
import { withTheme, type IChangeEvent } from "@rjsf/core";
import { Theme } from "@rjsf/mantine";
import type { ErrorSchema, RJSFSchema, RJSFValidationError, UiSchema } from "@rjsf/utils";
import { useMemo, useState, type ReactNode } from "react";
import type { FormPage as Page, JsonObject } from "../api/types";
import { ChoiceSelect } from "./ChoiceSelect";
import { withWidgets, type FormContext } from "./FormContext";
import { RemoteList } from "./RemoteList";
import { RemoteSelect } from "./RemoteSelect";
import { FieldFrame, ObjectTemplate } from "./templates";
import { FormValidator } from "./validator";

const Rjsf = withTheme<JsonObject, RJSFSchema, FormContext>({
  ...Theme,
  widgets: { ...Theme.widgets, SelectWidget: ChoiceSelect, remote: RemoteSelect, remoteList: RemoteList },
  templates: { ...Theme.templates, ObjectFieldTemplate: ObjectTemplate, FieldTemplate: FieldFrame },
} as Parameters<typeof withTheme<JsonObject, RJSFSchema, FormContext>>[0]);

export const ID_PREFIX = "field";
/** The id of the input of a field, to jump to it. */
export const fieldId = (name: string): string => `${ID_PREFIX}_${name}`;

// Nothing is chosen for anybody: not the first of several, not a lonely constant. Defaults come from the server's data.
export const NO_DEFAULTS = {
  constAsDefaults: "never",
  emptyObjectFields: "skipDefaults",
  arrayMinItems: { populate: "never" },
  allOf: "skipDefaults",
} as const;

export interface FormPageProps {
  page: Page;
  values: JsonObject;
  /** Every fault that the server sees, by field name. */
  known: Readonly<Record<string, string[]>>;
  /** Those of them that may be shown by now. */
  faults: Readonly<Record<string, string[]>>;
  context: FormContext;
  onChange: (values: JsonObject) => void;
  onLeave: (field: string) => void;
  onSubmit: () => void;
  onRefused: (errors: RJSFValidationError[]) => void;
  children: ReactNode;
}

export function FormPage(props: FormPageProps) {
  const { page, values, known, faults, context } = props;
  const [validator] = useState(() => new FormValidator());
  const schema = page.form_schema as RJSFSchema;
  const uiSchema = useMemo(() => withWidgets(schema, page.ui as UiSchema), [schema, page.ui]);
  const names = useMemo(() => Object.keys(schema.properties ?? {}), [schema]);
  const shown = useMemo(() => Object.fromEntries(names.map((name) => [name, values[name]])), [names, values]);
  const extraErrors = useMemo(() => asErrorSchema(faults), [faults]);
  const change = ({ formData }: IChangeEvent<JsonObject, RJSFSchema, FormContext>) =>
    props.onChange(Object.fromEntries(names.map((name) => [name, formData?.[name]])));
  return (
    <Rjsf
      schema={schema}
      uiSchema={uiSchema}
      formData={shown}
      validator={validator}
      formContext={context}
      extraErrors={extraErrors}
      idPrefix={ID_PREFIX}
      noHtml5Validate
      showErrorList={false}
      liveValidate={false}
      experimental_defaultFormStateBehavior={NO_DEFAULTS}
      // The server has more to say about a field than this browser: where it does, ours is not repeated.
      transformErrors={(errors) => errors.filter((error) => !(fieldOf(error) in known))}
      onChange={change}
      onBlur={(id) => props.onLeave(nameOf(id))}
      onSubmit={props.onSubmit}
      onError={props.onRefused}
    >
      {props.children}
    </Rjsf>
  );
}

function asErrorSchema(faults: FormPageProps["faults"]): ErrorSchema<JsonObject> {
  return Object.fromEntries(
    Object.entries(faults).map(([name, messages]) => [name, { __errors: messages }]),
  ) as ErrorSchema<JsonObject>;
}

/** The top-level field that an error is about. */
export function fieldOf(error: RJSFValidationError): string {
  return error.property?.replace(/^\./, "").split(/[.[]/)[0] ?? "";
}

function nameOf(id: string): string {
  return id.slice(ID_PREFIX.length + 1);
}
