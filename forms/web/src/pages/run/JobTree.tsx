import { Link } from "react-router";
import type { JobView } from "../../api/types";
import { OutLink } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { Took } from "../../parts/Times";
import { externalLook } from "../../states/states";
import { StateIcon } from "../../states/StateBadge";
import { text } from "../../text";
import { partPath } from "./parts";
import css from "./Steps.module.css";

const words = text.runs.steps;
/** Jobs beside each other that went well are one line from here on. */
const MANY = 12;

type Inside = ReadonlyMap<string | null, readonly JobView[]>;

/** Jobs nested as they belong together. What runs, waits or failed is open; of hundreds that went well, their number. */
export function JobTree({ step, jobs }: { step: string; jobs: readonly JobView[] }) {
  return <Level step={step} inside={nested(jobs)} parent={null} />;
}

function nested(jobs: readonly JobView[]): Inside {
  const known = new Set(jobs.map((job) => job.id));
  const inside = new Map<string | null, JobView[]>();
  for (const job of jobs) {
    const parent = job.parent !== null && job.parent !== job.id && known.has(job.parent) ? job.parent : null;
    inside.set(parent, [...(inside.get(parent) ?? []), job]);
  }
  return inside;
}

function Level({ step, inside, parent }: { step: string; inside: Inside; parent: string | null }) {
  const jobs = inside.get(parent) ?? [];
  const well = jobs.filter((job) => wentWell(job) && !inside.has(job.id));
  const folded = well.length > MANY ? new Set(well) : null;
  return (
    <ol className={css.jobs}>
      {jobs
        .filter((job) => !folded?.has(job))
        .map((job) => (
          <Node
            key={job.id}
            step={step}
            job={job}
            inside={inside}
            sole={parent === null && jobs.length === 1}
          />
        ))}
      {folded && (
        <li>
          <details>
            <summary className={css.row}>
              <StateIcon look={externalLook("succeeded")} />
              <span className={css.inside}>{words.wentWell(well.length)}</span>
            </summary>
            <ol className={css.jobs}>
              {well.map((job) => (
                <Node key={job.id} step={step} job={job} inside={inside} />
              ))}
            </ol>
          </details>
        </li>
      )}
    </ol>
  );
}

const wentWell = (job: JobView): boolean => job.status === "succeeded" || job.status === "skipped";

interface NodeProps {
  step: string;
  job: JobView;
  inside: Inside;
  sole?: boolean;
}

/** `sole`: everything is inside of it, as in a workflow of Argo's, so it stands open. */
function Node({ step, job, inside, sole = false }: NodeProps) {
  const open = sole || job.status === "running" || job.status === "failed" || job.status === "waiting";
  const within = inside.get(job.id) ?? [];
  const count = within.length;
  const leaf = job.steps.length === 0 && count === 0 && job.notes.length === 0;
  const head = (
    <>
      <StateIcon look={externalLook(job.status)} />
      <span className={css.name}>
        {leaf && job.url ? <OutLink url={job.url}>{visible(job.name)}</OutLink> : visible(job.name)}
        {job.kind === "group" && <Within jobs={within} inside={inside} open={open} />}
        {job.kind === "gate" && <span className={css.inside}> {words.gate}</span>}
      </span>
      <span className={css.took}>
        <Took start={job.started_at} end={job.ended_at} />
      </span>
    </>
  );
  if (leaf) return <li className={css.row}>{head}</li>;
  return (
    <li>
      {/* Keyed by whether it opens itself: a job that begins or fails opens, however it stood before. */}
      <details key={String(open)} open={open}>
        <summary className={css.row}>{head}</summary>
        {job.notes.length > 0 && <Notes notes={job.notes} />}
        {job.steps.length > 0 && <JobSteps step={step} job={job} />}
        {count > 0 && <Level step={step} inside={inside} parent={job.id} />}
      </details>
    </li>
  );
}

/** What the CI system itself says went wrong, in its own words. */
function Notes({ notes }: { notes: readonly string[] }) {
  return (
    <ul className={css.notes}>
      {notes.map((note, index) => (
        <li key={index}>{visible(note)}</li>
      ))}
    </ul>
  );
}

/** What a group holds: the only job of one that stands closed by its name, of more how many. */
function Within(props: { jobs: readonly JobView[]; inside: Inside; open: boolean }) {
  const [first, ...others] = props.jobs;
  if (!first) return null;
  const alone = others.length === 0 && !props.inside.has(first.id);
  if (alone && props.open) return null;
  return (
    <span className={css.inside}>
      {" "}
      {alone ? words.only(visible(first.name)) : words.inside(props.jobs.length)}
    </span>
  );
}

function JobSteps({ step, job }: { step: string; job: JobView }) {
  return (
    <ol className={css.jobSteps}>
      {job.steps.map((one) => (
        <li key={one.number} className={css.row}>
          <StateIcon look={externalLook(one.status)} size={14} />
          <span className={css.name}>{visible(one.name)}</span>
          <span className={css.took}>
            <Took start={one.started_at} end={one.ended_at} />
          </span>
        </li>
      ))}
      {job.kind === "job" && job.started_at !== null && (
        <li className={css.row}>
          <Link to={partPath({ step, job: job.name })}>{text.runs.log.ofJob(visible(job.name))}</Link>
        </li>
      )}
      {job.url && (
        <li className={css.row}>
          <OutLink url={job.url}>{words.openJob}</OutLink>
        </li>
      )}
    </ol>
  );
}
