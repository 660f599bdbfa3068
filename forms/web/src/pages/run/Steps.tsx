import { Link } from "react-router";
import type { AttemptView, ExternalRunView, RunView, StepView } from "../../api/types";
import { Facts, OutLink, PersonName, Section } from "../../parts/Basics";
import { CopyText } from "../../parts/CopyText";
import { Digest } from "../../parts/Json";
import { visible } from "../../parts/textOf";
import { Took, When } from "../../parts/Times";
import { attemptLook, stepLook } from "../../states/states";
import { StateBadge, StateIcon } from "../../states/StateBadge";
import { text } from "../../text";
import { Calls } from "./Calls";
import { JobTree } from "./JobTree";
import css from "./Steps.module.css";

const words = text.runs.steps;
/** States that the icon says already, where there is nothing more to say. */
const PLAIN: ReadonlySet<string> = new Set(["pending", "running", "succeeded"]);

/** The steps of the run, with what the CI system says of the jobs in each; then what takes them back, where it is. */
export function Steps({ run }: { run: RunView }) {
  const undo = run.steps.filter((step) => step.undoes);
  const steps = run.steps.filter((step) => !step.undoes);
  const said = run.undoing?.said ?? [];
  return (
    <Section title={words.title} flush>
      {steps.length === 0 && <p className={css.none}>{words.none}</p>}
      <ol>
        {steps.map((step) => (
          <Step key={step.path} step={step} />
        ))}
      </ol>
      {(undo.length > 0 || said.length > 0) && (
        <div className={css.undo}>
          <h3>{words.undo}</h3>
          {said.map((one) => (
            <p key={one.at} className={css.note}>
              <PersonName person={one.by} />: {text.runs.undoing.choices[one.choice]} <When at={one.at} />
              {one.reason && <> · {visible(one.reason)}</>}
            </p>
          ))}
        </div>
      )}
      <ol>
        {undo.map((step) => (
          <Step key={step.path} step={step} />
        ))}
      </ol>
    </Section>
  );
}

function Step({ step }: { step: StepView }) {
  return (
    <li className={css.step}>
      <div className={css.row}>
        <StateIcon look={stepLook(step.state)} />
        <strong className={css.name}>{visible(step.path)}</strong>
        {step.kind !== "dispatch" && <span className={css.took}>{visible(step.kind)}</span>}
        <span className={css.took}>
          <Took start={step.started_at} end={step.ended_at} />
        </span>
      </div>
      {step.undoes && <p className={css.note}>{words.undoes(visible(step.undoes))}</p>}
      {step.state === "pending" && !!step.needs?.length && (
        <p className={css.note}>{words.after(step.needs.map(visible).join(", "))}</p>
      )}
      {!(step.state === step.text && PLAIN.has(step.state)) && (
        <p className={css.note}>
          {visible(step.text)}
          {step.state === "running" && step.due_at !== null && (
            <>
              {" "}
              · {words.due} <When at={step.due_at} />
            </>
          )}
        </p>
      )}
      {step.task && <Link to={`/tasks/${encodeURIComponent(step.task)}`}>{text.tasks.one}</Link>}
      {step.jobs.length > 0 && <JobTree step={step.path} jobs={step.jobs} />}
      <Calls calls={step.calls ?? []} />
      {step.log_note && <p className={css.note}>{visible(step.log_note)}</p>}
      {step.attempts.map((attempt) => (
        <Attempt key={attempt.number} attempt={attempt} only={step.attempts.length === 1} />
      ))}
    </li>
  );
}

function Attempt({ attempt, only }: { attempt: AttemptView; only: boolean }) {
  const { external } = attempt;
  return (
    <div className={css.attempt}>
      {external && (
        <div>
          <OutLink url={external.url}>{words.open(visible(external.connection))}</OutLink>
        </div>
      )}
      {external?.facts.map((fact) => (
        <p key={fact}>
          {fact === "external_rerun" ? words.facts.external_rerun(external.attempt) : words.facts[fact]}
        </p>
      ))}
      {external && external.artifacts.length > 0 && <Artifacts external={external} />}
      {attempt.note && <p>{visible(attempt.note)}</p>}
      <details>
        <summary className={css.more}>
          {only ? words.details : words.attempt(attempt.number)}{" "}
          <StateBadge bare look={attemptLook(attempt.state)} />
        </summary>
        <Facts
          facts={[
            [words.sent, <When key="sent" at={attempt.sent_at} />],
            external && [words.says, visible(external.detail)],
            external && [words.number, visible(external.id)],
            Boolean(external?.commit) && [
              words.commit,
              <code key="commit">{external?.commit?.slice(0, 12)}</code>,
            ],
            attempt.claimed_by !== null && [words.claimed, words.claimedBy(visible(attempt.claimed_by))],
            [words.marker, <CopyText key="marker" value={attempt.marker} />],
            [words.digest, <Digest key="digest" value={attempt.digest} />],
            external && [words.seen, <When key="seen" at={external.seen_at} />],
          ]}
        />
      </details>
    </div>
  );
}

/** Files that it left in the CI system. */
function Artifacts({ external }: { external: ExternalRunView }) {
  return (
    <details>
      <summary className={css.more}>{words.artifacts(external.artifacts.length)}</summary>
      <ul className={css.files}>
        {external.artifacts.map((one) => (
          <li key={one.name} className={css.row}>
            <span className={css.name}>
              {one.expired ? visible(one.name) : <OutLink url={one.url}>{visible(one.name)}</OutLink>}
            </span>
            <span className={css.took}>
              {one.expired ? words.expired : one.size !== null && words.size(one.size)}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
