import type { AttemptView, JobView, RunView, StepView } from "../../api/types";
import { Facts, OutLink, Section } from "../../parts/Basics";
import { CopyText } from "../../parts/CopyText";
import { Digest } from "../../parts/Json";
import { visible } from "../../parts/textOf";
import { Took, When } from "../../parts/Times";
import { attemptLook, externalLook, stepLook } from "../../states/states";
import { StateBadge, StateIcon } from "../../states/StateBadge";
import { text } from "../../text";
import css from "./Steps.module.css";

const words = text.runs.steps;

/** The steps of the run, with what the CI system says of the jobs in each. */
export function Steps({ run }: { run: RunView }) {
  return (
    <Section title={words.title} flush>
      {run.steps.length === 0 && <p className={css.none}>{words.none}</p>}
      <ol>
        {run.steps.map((step) => (
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
        <span className={css.took}>
          <Took start={step.started_at} end={step.ended_at} />
        </span>
      </div>
      <p className={css.note}>{visible(step.text)}</p>
      {step.jobs.length > 0 && (
        <ol className={css.jobs}>
          {step.jobs.map((job) => (
            <Job key={job.id} job={job} />
          ))}
        </ol>
      )}
      {step.log_note && <p className={css.note}>{visible(step.log_note)}</p>}
      {step.attempts.map((attempt) => (
        <Attempt key={attempt.number} attempt={attempt} only={step.attempts.length === 1} />
      ))}
    </li>
  );
}

function Job({ job }: { job: JobView }) {
  const open = job.status === "running" || job.status === "failed";
  const head = (
    <>
      <StateIcon look={externalLook(job.status)} />
      <span className={css.name}>{visible(job.name)}</span>
      <span className={css.took}>
        <Took start={job.started_at} end={job.ended_at} />
      </span>
    </>
  );
  if (job.steps.length === 0) return <li className={css.row}>{head}</li>;
  return (
    <li>
      {/* Keyed by whether it opens itself: a job that begins or fails opens, however it stood before. */}
      <details key={String(open)} open={open}>
        <summary className={css.row}>{head}</summary>
        <ol className={css.jobSteps}>
          {job.steps.map((step) => (
            <li key={step.number} className={css.row}>
              <StateIcon look={externalLook(step.status)} size={14} />
              <span className={css.name}>{visible(step.name)}</span>
              <span className={css.took}>
                <Took start={step.started_at} end={step.ended_at} />
              </span>
            </li>
          ))}
          {job.url && (
            <li className={css.row}>
              <OutLink url={job.url}>{words.openJob}</OutLink>
            </li>
          )}
        </ol>
      </details>
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
      {external?.waits_for && <p>{visible(external.waits_for)}</p>}
      {external && external.attempt > 1 && <p>{words.rerun(external.attempt)}</p>}
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
