import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Loading } from "./Loading";
import { PageHead } from "./Basics";
import { ProblemNote, titleOf } from "./Problem";

/** One question: its data where there is some (even when a later look failed), else why not, else that it loads. */
export function Loaded<Data>(props: {
  query: Pick<UseQueryResult<Data>, "data" | "error" | "refetch">;
  lines?: number;
  /** It is the whole page: where there is nothing else to show, what went wrong is the page's heading. */
  page?: boolean;
  children: (data: NonNullable<Data>) => ReactNode;
}) {
  const { data, error, refetch } = props.query;
  const problem = error && <ProblemNote error={error} retry={() => void refetch()} />;
  const heading = props.page && error ? <PageHead title={titleOf(error)} /> : null;
  if (data === undefined || data === null) {
    if (!problem) return <Loading lines={props.lines} />;
    return (
      <>
        {heading}
        {problem}
      </>
    );
  }
  return (
    <>
      {problem}
      {props.children(data)}
    </>
  );
}
