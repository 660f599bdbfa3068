import { useCallback, useEffect, useMemo, useState } from "react";
import type { Api } from "../../api/client";
import { useApi } from "../../api/context";
import type { FormView, JsonObject, OptionsView, OptionView } from "../../api/types";
import type { Draft } from "../../form/draft";
import type { FormContext } from "../../form/FormContext";
import { FormPage } from "../../form/FormPage";
import type { Prefill } from "../../form/prefill";
import { fieldOfFault, fieldsOf } from "../../form/resolution";
import { useResolution } from "../../form/useResolution";
import { Loading } from "../../parts/Loading";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./Decide.module.css";

/** What is filled in, once the server has seen it and nothing stands in its way; null when something does. */
export type Settle = () => Promise<JsonObject | null>;
type ByField = Record<string, string[]>;
const NOTHING: Prefill = new Map();
// A decision is made in one sitting: what is typed for it is kept nowhere.
const NO_DRAFT: Draft = { answers: {}, save: () => undefined, forget: () => undefined };

/** Where such a form is resolved, and its choices are searched. */
export interface Asking {
  of: FormContext["of"];
  resolve: (answers: JsonObject, signal: AbortSignal) => Promise<FormView>;
  options: (
    field: string,
    answers: JsonObject,
    search: string,
    cursor: string | null,
    signal: AbortSignal,
  ) => Promise<OptionsView>;
}

/** What is asked of people on the way, at a stage or a step: all pages of the form, one below the other. */
export default function StageForm({
  asking,
  onReady,
}: {
  asking: (api: Api) => Asking;
  onReady: (settle: Settle) => void;
}) {
  const api = useApi();
  const { of, resolve, options: choices } = useMemo(() => asking(api), [api, asking]);
  const [resolution, { view, shown, progress, problem, fromLink }] = useResolution(
    resolve,
    NOTHING,
    NO_DRAFT,
  );
  const [tried, setTried] = useState(false);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [seen] = useState(() => new Map<string, OptionView>());
  const options = useCallback(
    (field: string, search: string, cursor: string | null, signal: AbortSignal) =>
      choices(field, resolution.inputs(), search, cursor, signal),
    [choices, resolution],
  );
  useEffect(() => {
    onReady(async () => {
      setTried(true);
      const seen = await resolution.settled();
      const faults = faultsOf(seen, resolution.current().shown);
      return Object.keys(faults).length > 0 || seen.errors.length > 0 ? null : resolution.inputs();
    });
  }, [onReady, resolution]);
  if (!view) {
    if (progress === "failed") return <ProblemNote error={problem} retry={() => resolution.ask()} />;
    return <Loading lines={3} />;
  }
  const known = faultsOf(view, shown);
  const told = tried ? known : only(known, left);
  const warnings = Object.fromEntries(
    view.warnings.map((one) => [one.pointer.split("/")[1] ?? "", one.detail]),
  );
  return (
    <>
      {view.pages.map((page) => (
        <fieldset key={page.title} className={css.fields}>
          <legend>{visible(page.title)}</legend>
          <FormPage
            page={page}
            values={shown}
            known={known}
            faults={told}
            context={{ of, options, seen, answersKey: JSON.stringify(shown), warnings, fromLink, origin: "" }}
            onChange={(values) => resolution.change(values)}
            onLeave={(field) => {
              setLeft((before) => new Set(before).add(field));
              resolution.leave(field);
            }}
            onSubmit={() => setTried(true)}
            onRefused={() => setTried(true)}
          >
            <></>
          </FormPage>
        </fieldset>
      ))}
      {progress === "failed" && <ProblemNote error={problem} retry={() => resolution.ask()} />}
    </>
  );
}

/** What the server has against the answers, and what is missing, by field. */
function faultsOf(view: FormView, shown: JsonObject): ByField {
  const found: ByField = {};
  const fields = fieldsOf(view);
  for (const fault of view.errors) {
    const field = fieldOfFault(fault, fields);
    if (field) (found[field] ??= []).push(fault.detail);
  }
  for (const page of view.pages) {
    for (const name of (page.form_schema["required"] ?? []) as string[]) {
      const title = String(fields.get(name)?.["title"] ?? name);
      if (blank(shown[name])) (found[name] ??= []).push(text.approvals.needed(visible(title)));
    }
  }
  return found;
}

const blank = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

function only(byField: ByField, fields: ReadonlySet<string>): ByField {
  return Object.fromEntries(Object.entries(byField).filter(([field]) => fields.has(field)));
}
