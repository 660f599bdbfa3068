import { Button } from "@mantine/core";
import { CircleX } from "lucide-react";
import { Link } from "react-router";
import { ApiError } from "../api/problem";
import { text } from "../text";
import { Callout } from "./Basics";
import { CopyText } from "./CopyText";
import css from "./Problem.module.css";
import { visible } from "./textOf";

export function titleOf(error: unknown): string {
  return error instanceof ApiError ? error.title : text.errors.boundary.title;
}

/** Where somebody sees whether what they did last has arrived: a page that broke does not know it. */
export function MyRuns() {
  return <Link to="/runs?mine=true">{text.errors.boundary.runs}</Link>;
}

/** What went wrong, in the server's words, with the id by which the people who run Daytwo find it. */
export function ProblemNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiError ? error : null;
  return (
    <div role="alert">
      <Callout tone="bad" title={titleOf(error)} icon={<CircleX size={18} aria-hidden />}>
        <p>
          {problem ? (
            visible(problem.message)
          ) : (
            <>
              {text.errors.boundary.detail} <MyRuns />
            </>
          )}
        </p>
        {problem && problem.faults.length > 0 && (
          <ul className={css.faults}>
            {problem.faults.map((fault) => (
              <li key={fault.pointer + fault.detail}>
                {visible(fault.detail)} <code>{visible(fault.pointer)}</code>
              </li>
            ))}
          </ul>
        )}
        <div className={css.foot}>
          {problem?.requestId && (
            <span className="small soft">
              {text.errors.requestId} <CopyText value={problem.requestId} />
            </span>
          )}
          {retry && (
            <Button size="compact-sm" variant="default" onClick={retry}>
              {text.errors.retry}
            </Button>
          )}
        </div>
      </Callout>
    </div>
  );
}
