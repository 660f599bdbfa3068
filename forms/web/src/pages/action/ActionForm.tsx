import { useState } from "react";
import type { FormPage as Page } from "../../api/types";
import { ErrorSummary } from "../../form/ErrorSummary";
import { useFormFocus } from "../../form/focus";
import { fieldOf, FormPage } from "../../form/FormPage";
import { Section } from "../../parts/Basics";
import { Loading } from "../../parts/Loading";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { FormFoot } from "./FormFoot";
import { FormNotes } from "./FormNotes";
import { FormSteps } from "./FormSteps";
import { Review } from "./Review";
import { standsInTheWay, summaryOf, useAttempts } from "./useAttempts";
import { useFaults, type Faults } from "./useFaults";
import { useForm, type Begun } from "./useForm";
import { useFormPages } from "./useFormPages";

const words = text.actions.form;

interface Props extends Begun {
  /** The run whose answers it begins with. */
  from: string | null;
  onStartOver: () => void;
}

/** The form, page by page, with the server's view of it after each change; behind the last page, what will happen. */
export function ActionForm({ from, onStartOver, ...begun }: Props) {
  const { resolution, snapshot, choices } = useForm(begun);
  const { view, shown, progress, problem, ...notes } = snapshot;
  const faults = useFaults(view);
  const { page, go, reset } = useFormPages(view?.pages.length ?? 1);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const attempts = useAttempts(page);
  const { top, toField } = useFormFocus(page, go);

  if (!view) {
    if (progress === "failed") return <ProblemNote error={problem} retry={() => resolution.ask()} />;
    return <Loading lines={6} />;
  }
  const head = (
    <div ref={top} tabIndex={-1} className="no-outline">
      <FormSteps view={view} page={page} onGo={go} />
    </div>
  );
  const here: Page | undefined = view.pages[page];
  if (!here) {
    return (
      <>
        {head}
        <Review
          action={begun.action}
          view={view}
          entity={begun.entity}
          inputs={resolution.inputs()}
          onBack={() => go(view.pages.length - 1)}
          onStarted={begun.draft.forget}
        />
      </>
    );
  }
  const next = async () => {
    attempts.add();
    const answered = await resolution.settled().catch(() => null);
    if (answered && !standsInTheWay(answered, page)) go(page + 1);
  };
  const count = view.pages.length < 2 ? null : words.page(page + 1, view.pages.length);
  return (
    <>
      {head}
      <FormNotes {...notes} from={from} onStartOver={onStartOver} />
      <ErrorSummary
        lines={attempts.tried ? [...attempts.refused, ...summaryOf(view, faults, page)] : []}
        attempt={attempts.count}
        onJump={(line) => line.field && toField(line.field, line.elsewhere?.page ?? page)}
      />
      <Section title={visible(here.title)} aside={count && <span className="soft small">{count}</span>}>
        <FormPage
          key={page}
          page={here}
          values={shown}
          known={faults.byField}
          faults={attempts.tried ? faults.byField : only(faults.byField, touched)}
          context={{
            ...choices,
            answersKey: JSON.stringify(shown),
            warnings: faults.warnings,
            fromLink: notes.fromLink,
            origin: from ? words.fromRun : words.fromLink,
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
            attempts.add(
              errors.map((error) => ({ field: fieldOf(error), message: error.message ?? error.stack })),
            )
          }
        >
          <FormFoot page={page} pages={view.pages.length} progress={progress} onBack={() => go(page - 1)} />
        </FormPage>
      </Section>
      {progress === "failed" && <ProblemNote error={problem} retry={() => resolution.ask()} />}
    </>
  );
}

function only(byField: Faults["byField"], fields: ReadonlySet<string>): Faults["byField"] {
  return Object.fromEntries(Object.entries(byField).filter(([field]) => fields.has(field)));
}
