/** A run as stretches of time, for its timeline: what it waited for, its steps, and the jobs in them. */
import type { JobView, RunView, StepView } from "../../api/types";
import { approvalLook, externalLook, isMoving, runLook, stepLook, type Look } from "../../states/states";
import { text } from "../../text";

export interface Span {
  key: string;
  name: string;
  look: Look;
  /** Waiting is drawn apart from work. */
  waits: boolean;
  depth: number;
  start: number;
  /** Null: it goes on. */
  end: number | null;
  /** Whose log it has. */
  part: { step: string; job: string | null } | null;
}

/** Kinds of steps that do nothing but wait: for a time, an event, a condition or people. */
const IDLE: ReadonlySet<string> = new Set(["wait", "approval", "task", "input", "check", "temporary"]);

const words = text.runs.timeline;
const at = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));

export function spansOf(run: RunView): Span[] {
  return [...waitsOf(run), ...run.steps.flatMap((step) => ofStep(step))];
}

/** From the request to what happened next: decisions, then window and lock. */
function waitsOf(run: RunView): Span[] {
  const created = Date.parse(run.created_at);
  const begun = at(run.started_at) ?? at(run.ended_at);
  const spans: Span[] = [];
  let from = created;
  for (const approval of run.approvals) {
    const start = Math.max(from, Date.parse(approval.created_at));
    const pending = approval.state === "pending";
    const last = approval.decisions.map((one) => Date.parse(one.at)).at(-1);
    const end = pending ? null : (last ?? begun ?? start);
    spans.push({
      ...line(`approval ${approval.id}`, words.approval(approval.stage, approval.stages), 0),
      ...{ look: approvalLook(approval.state), waits: true, start, end },
    });
    from = end ?? start;
  }
  const decided = spans.every((span) => span.end !== null);
  if (!decided || (begun !== null && begun - from < 1_000)) return spans;
  if (begun === null && !isMoving(run.state)) return spans;
  const look = begun === null ? runLook(run.state) : runLook("accepted");
  return [...spans, { ...line("turn", words.turn, 0), look, waits: true, start: from, end: begun }];
}

function ofStep(step: StepView): Span[] {
  const start = at(step.started_at);
  if (start === null) return [];
  const own = {
    ...line(`step ${step.path}`, step.path, 0),
    ...{ look: stepLook(step.state), waits: IDLE.has(step.kind), start, end: at(step.ended_at) },
    part: step.attempts.length > 0 ? { step: step.path, job: null } : null,
  };
  return [own, ...ofJobs(step)];
}

function ofJobs(step: StepView): Span[] {
  const depths = new Map<string, number>();
  return step.jobs.flatMap((job) => {
    const depth = 1 + (depths.get(job.parent ?? "") ?? 0);
    depths.set(job.id, depth);
    return ofJob(step, job, depth);
  });
}

function ofJob(step: StepView, job: JobView, depth: number): Span[] {
  const start = at(job.started_at);
  if (start === null) return [];
  return [
    {
      ...line(`job ${step.path} ${job.id}`, job.name, depth),
      look: externalLook(job.status),
      waits: job.kind === "gate",
      start,
      end: at(job.ended_at) ?? (step.ended_at === null ? null : at(step.ended_at)),
      part: job.kind === "job" ? { step: step.path, job: job.name } : null,
    },
  ];
}

const line = (key: string, name: string, depth: number) => ({ key, name, depth, part: null });

/** From when until when there is something to draw, at least a second. */
export function extentOf(spans: readonly Span[], now: number): { start: number; end: number } {
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.end ?? now));
  return { start, end: Math.max(end, start + 1_000) };
}

/** How long nothing but waiting was done, as far as it is known; what waits side by side counts once. Milliseconds. */
export function waitedOf(spans: readonly Span[], now: number): number {
  const stretches = spans
    .filter((span) => span.waits)
    .map((span) => ({ start: span.start, end: span.end ?? now }))
    .sort((one, other) => one.start - other.start);
  let [sum, until] = [0, -Infinity];
  for (const { start, end } of stretches) {
    sum += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return sum;
}
