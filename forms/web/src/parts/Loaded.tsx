import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Loading } from "./Loading";
import { ProblemNote } from "./Problem";

/** One question: its data where there is some (even when a later look failed), else why not, else that it loads. */
export function Loaded<Data>(props: {
  query: Pick<UseQueryResult<Data>, "data" | "error" | "refetch">;
  lines?: number;
  children: (data: NonNullable<Data>) => ReactNode;
}) {
  const { data, error, refetch } = props.query;
  const problem = error && <ProblemNote error={error} retry={() => void refetch()} />;
  if (data === undefined || data === null)
    return problem || <Loading {...(props.lines ? { lines: props.lines } : {})} />;
  return (
    <>
      {problem}
      {props.children(data)}
    </>
  );
}
