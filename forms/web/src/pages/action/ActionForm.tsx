import { useCallback, useMemo, useState } from "react";
import { take, type Api } from "../../api/client";
import { useApi } from "../../api/context";
import type { ActionView, FormView, JsonObject } from "../../api/types";
import { ErrorSummary, type SummaryLine } from "../../form/ErrorSummary";
import { fieldOf, FormPage } from "../../form/FormPage";
import { prefillFrom } from "../../form/prefill";
import { useResolution } from "../../form/useResolution";
import { Section } from "../../parts/Basics";
import { Loading } from "../../parts/Loading";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { FormFoot } from "./FormFoot";
import { FormNotes } from "./FormNotes";
import { FormSteps } from "./FormSteps";
import { Review } from "./Review";
import { pageOf, useFaults, type Faults } from "./useFaults";
import { useFormPages } from "./useFormPages";

interface Props {
  action: ActionView;
  entity: string | null;
  search: URLSearchParams;
}

/** The form, page by page, with the server's view of it after each change; behind the last page, what will happen. */
export function ActionForm({ action, entity, search }: Props) {
  const api = useApi();
  const resolve = useMemo(() => resolver(api, action.name, entity), [api, action.name, entity]);
  const [prefill] = useState(() => prefillFrom(search));
  const [resolution, { view, shown, progress, problem, ...notes }] = useResolution(resolve, prefill);
  const faults = useFaults(view);
  const { page, go, reset } = useFormPages(view?.pages.length ?? 1);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [attempt, setAttempt] = useState<Attempt>(NO_ATTEMPT);
  const options = useOptions(api, action.name, entity, resolution);

  if (!view) {
    if (progress === "failed") return <ProblemNote error={problem} retry={() => resolution.ask()} />;
    return <Loading lines={6} />;
  }
  const here = view.pages[page];
  if (!here) {
    return (
      <>
        <FormSteps view={view} page={page} onGo={go} />
        <Review
          action={action}
          view={view}
          entity={entity}
          inputs={resolution.inputs()}
          onBack={() => go(view.pages.length - 1)}
        />
      </>
    );
  }
  const tried = attempt.page === page;
  const lines = tried ? [...attempt.refused, ...summary(view, faults, page)] : [];
  const next = async () => {
    setAttempt((before) => ({ page, count: before.count + 1, refused: [] }));
    const seen = await resolution.settled().catch(() => null);
    if (seen && !standsInTheWay(seen, page)) go(page + 1);
  };
  return (
    <>
      <FormSteps view={view} page={page} onGo={go} />
      <FormNotes {...notes} />
      <ErrorSummary lines={lines} attempt={attempt.count} />
      <Section title={visible(here.title)} {...countOf(view, page)}>
        <FormPage
          key={page}
          page={here}
          values={shown}
          known={faults.byField}
          faults={tried ? faults.byField : only(faults.byField, touched)}
          context={{
            options,
            answersKey: JSON.stringify(shown),
            warnings: faults.warnings,
            fromLink: notes.fromLink,
          }}
          onChange={(values) => {
            reset(page);
            resolution.change(values);
          }}
          onLeave={(field) => {
            setTouched((before) => new Set(before).add(field));
            resolution.leave(field);
          }}
          onSubmit={() => void next()}
          onRefused={(errors) =>
            setAttempt((before) => ({
              page,
              count: before.count + 1,
              refused: errors.map((error) => ({
                field: fieldOf(error),
                message: error.message ?? error.stack,
              })),
            }))
          }
        >
          <FormFoot page={page} pages={view.pages.length} progress={progress} onBack={() => go(page - 1)} />
        </FormPage>
      </Section>
      {progress === "failed" && <ProblemNote error={problem} retry={() => resolution.ask()} />}
    </>
  );
}

interface Attempt {
  page: number;
  count: number;
  /** What this browser refused by itself, before asking the server. */
  refused: readonly SummaryLine[];
}

const NO_ATTEMPT: Attempt = { page: -1, count: 0, refused: [] };

function resolver(api: Api, name: string, entity: string | null) {
  return (answers: JsonObject, signal: AbortSignal): Promise<FormView> =>
    take(
      api.POST("/api/v1/actions/{name}/form", {
        params: { path: { name } },
        body: { entity, answers },
        signal,
      }),
    );
}

function useOptions(api: Api, name: string, entity: string | null, resolution: { inputs: () => JsonObject }) {
  return useCallback(
    (field: string, search: string, cursor: string | null, signal: AbortSignal) =>
      take(
        api.POST("/api/v1/actions/{name}/options/{field}", {
          params: { path: { name, field } },
          body: { entity, answers: resolution.inputs(), search, cursor },
          signal,
        }),
      ),
    [api, name, entity, resolution],
  );
}

/** Faults that keep somebody on this page: those of its own fields and, before the review, all of them. */
function standsInTheWay(view: FormView, page: number): boolean {
  const last = page === view.pages.length - 1;
  const own = Object.keys((view.pages[page]?.form_schema["properties"] ?? {}) as object);
  return view.errors.some((fault) => last || own.some((field) => fault.pointer.split("/").includes(field)));
}

function summary(view: FormView, faults: Faults, page: number): SummaryLine[] {
  const last = page === view.pages.length - 1;
  const lines = Object.entries(faults.byField).flatMap(([field, messages]) => {
    const at = pageOf(view, field);
    if (at !== page && !last) return [];
    const elsewhere = at === page ? undefined : view.pages[at]?.title;
    return messages.map((message) => ({ field, message, ...(elsewhere ? { elsewhere } : {}) }));
  });
  return [...lines, ...(last ? faults.general.map((message) => ({ field: null, message })) : [])];
}

function only(byField: Faults["byField"], fields: ReadonlySet<string>): Faults["byField"] {
  return Object.fromEntries(Object.entries(byField).filter(([field]) => fields.has(field)));
}

function countOf(view: FormView, page: number) {
  if (view.pages.length < 2) return {};
  return { aside: <span className="soft small">{text.actions.form.page(page + 1, view.pages.length)}</span> };
}
