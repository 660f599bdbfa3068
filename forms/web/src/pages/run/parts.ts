import type { RunView } from "../../api/types";
import type { Part } from "../../log/useLog";

/** What the log of a run can be narrowed to: its steps where there are several, and their jobs. */
export function partsOf(run: RunView): Part[] {
  const steps = run.steps.filter((step) => step.attempts.length > 0);
  return steps.flatMap(({ path, jobs }) => {
    const names = jobs.filter((job) => job.kind === "job" && job.started_at !== null).map((job) => job.name);
    const own = [...new Set(names)].map((job) => ({ step: path, job }));
    return steps.length > 1 ? [{ step: path, job: null }, ...own] : own;
  });
}

/** The address of the log of one step or job. */
export function partPath(part: Part): string {
  return `?${new URLSearchParams({ step: part.step, ...(part.job === null ? {} : { job: part.job }) })}`;
}

/** Where the lines of a part, or all, are read as a file. */
export function downloadUrl(run: string, part: Part | null): string {
  const path = `/api/v1/runs/${encodeURIComponent(run)}/logs.txt`;
  return part ? path + partPath(part) : path;
}
