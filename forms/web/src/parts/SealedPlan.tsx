import type { JsonObject } from "../api/types";
import { text } from "../text";
import { EntityLink, Facts } from "./Basics";
import { CopyText } from "./CopyText";
import { Readable } from "./Json";
import { readSealed, type Sealed, type SealedKind, type SealedStep } from "./sealed";
import css from "./SealedPlan.module.css";
import { inWords, visible } from "./textOf";

const words = text.actions.review;

/** A sealed plan for people: what is sent where, under which lock, what the catalog will say, what was read for it. */
export function SealedPlan({ plan }: { plan: JsonObject }) {
  const sealed = readSealed(plan);
  if (!sealed) return <Readable value={plan} />;
  return (
    <div className={css.plan}>
      <section>
        <h3>{words.requests}</h3>
        <StepList steps={sealed.steps} />
      </section>
      <Undo sealed={sealed} />
      <section>
        <h3>{words.changes}</h3>
        {sealed.writes.length === 0 && <p className="soft">{words.noChanges}</p>}
        <ul className={css.list}>
          {sealed.writes.map((write) => (
            <li key={write.ref} className={css.item}>
              <EntityLink entity={write.ref} />
              <Readable value={{ ...write.properties, ...write.relations }} keys="exact" />
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>{words.lock}</h3>
        {sealed.locks.length === 0 && <p className="soft">{words.noLock}</p>}
        {sealed.locks.map((key) => (
          <div key={key}>
            <code>{visible(key)}</code>
          </div>
        ))}
      </section>
      <Known title={words.filled} value={sealed.filled} />
      <Known title={words.results} value={sealed.results} />
      {Object.keys(sealed.read).length > 0 && (
        <section>
          <h3>{words.read}</h3>
          <Readable value={sealed.read} keys="exact" />
        </section>
      )}
      <Known title={words.more} value={sealed.more} />
    </div>
  );
}

function StepList({ steps }: { steps: Sealed["steps"] }) {
  return (
    <ol className={css.list}>
      {steps.map((step) => (
        <li key={step.path} className={css.item}>
          {"kind" in step ? <OtherStep step={step} /> : <Step step={step} />}
        </li>
      ))}
    </ol>
  );
}

/** What happens when it fails; nothing where it can do no more than stop. */
function Undo({ sealed: { undo, stays, onError } }: { sealed: Sealed }) {
  if (undo.length === 0 && stays.length === 0 && onError === "stop") return null;
  return (
    <section>
      <h3>{words.undo}</h3>
      <p>{words.onError[onError]}</p>
      {stays.length > 0 && <p>{words.stays(stays.map(visible).join(", "))}</p>}
      <StepList steps={undo} />
    </section>
  );
}

function Known({ title, value }: { title: string; value: JsonObject }) {
  if (Object.keys(value).length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <Readable value={value} keys="exact" />
    </section>
  );
}

/** A step that is no dispatch. */
export function OtherStep({ step }: { step: SealedKind }) {
  return (
    <Facts
      facts={[
        [words.step, visible(step.path)],
        [words.kind, visible(step.kind)],
        [words.what, <Readable key="what" value={step.more} keys="exact" />],
      ]}
    />
  );
}

function Step({ step }: { step: SealedStep }) {
  return (
    <>
      <Facts
        facts={[
          [words.step, visible(step.path)],
          [words.connection, visible(step.uses)],
          [words.project, visible(step.project)],
          [words.pipeline, visible(step.pipeline)],
          [words.ref, visible(step.ref)],
          [words.commit, <CopyText key="commit" value={step.commit} shown={step.commit.slice(0, 12)} />],
          [words.sentInputs, <Readable key="inputs" value={step.inputs} keys="exact" />],
          step.holes.length > 0 && [text.approvals.holes, <Holes key="holes" holes={step.holes} />],
          step.packed.length > 0 && [words.packing, visible(words.packed(step.packed))],
          step.secrets.length > 0 && [words.secrets, visible(step.secrets.join(", "))],
          step.held.length > 0 && [words.held, visible(words.heldFiles(step.held))],
          step.loose.length > 0 && [words.loose, visible(words.looseFiles(step.loose))],
          Object.keys(step.more).length > 1 && [
            words.more,
            <Readable key="more" value={step.more} keys="exact" />,
          ],
        ]}
      />
      {step.request ? (
        <details className={css.bytes}>
          <summary>{words.bytes}</summary>
          <pre>{visible(`${step.request.method} ${step.request.path}\n\n${step.request.body}`)}</pre>
        </details>
      ) : (
        <p className="soft">{step.holes.length > 0 ? text.approvals.noBytes : words.later}</p>
      )}
    </>
  );
}

/** What approvers fill in, as it is written, with the value of everything else that it names. */
function Holes({ holes }: { holes: SealedStep["holes"] }) {
  return (
    <ul className={css.list}>
      {holes.map((hole) => (
        <li key={hole.name}>
          {visible(hole.name)}: <code>{inWords(hole.value)}</code>
          {Object.keys(hole.given).length > 0 && <Readable value={hole.given} keys="exact" />}
        </li>
      ))}
    </ul>
  );
}
