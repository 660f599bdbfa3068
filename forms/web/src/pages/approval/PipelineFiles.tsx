import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { pipelinesQuery } from "../../api/queries";
import type { PipelineChange } from "../../api/types";
import { CopyText } from "../../parts/CopyText";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./Beside.module.css";

const words = text.approvals.beside;

/** How the pipeline files differ from those of the last run. The CI systems are asked, so it may come late, or not. */
export function PipelineFiles({ id }: { id: string }) {
  const found = useQuery(pipelinesQuery(useApi(), id));
  if (found.isPending) return <p className="soft">{words.pipelinesAsking}</p>;
  if (found.isError) {
    return (
      <>
        <p className="soft">{words.pipelinesFailed}</p>
        <ProblemNote error={found.error} retry={() => void found.refetch()} />
      </>
    );
  }
  return found.data.items.map((one) => <OneFile key={one.step} change={one} />);
}

function OneFile({ change }: { change: PipelineChange }) {
  const name = change.pipeline || change.project;
  const said =
    change.changed === null
      ? words.pipelineFirst
      : change.changed
        ? words.pipelineChanged
        : words.pipelineSame;
  return (
    <div>
      <p>
        <code>{visible(name)}</code> <CopyText value={change.commit} shown={change.commit.slice(0, 12)} /> ·{" "}
        {said}
        {change.why_not && <span className="soft"> {visible(change.why_not)}</span>}
      </p>
      {change.diff && (
        // It scrolls sideways, so the keyboard has to get there.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className={css.diff} tabIndex={0} role="region" aria-label={words.pipelineDiff(name)}>
          {change.diff.split("\n").map((line, number) => (
            <Line key={number} line={line} />
          ))}
        </pre>
      )}
      {change.cut && <p className="soft">{words.pipelineCut}</p>}
    </div>
  );
}

function Line({ line }: { line: string }) {
  const shown = visible(line) || " ";
  if (line.startsWith("+") && !line.startsWith("+++")) return <ins>{shown}</ins>;
  if (line.startsWith("-") && !line.startsWith("---")) return <del>{shown}</del>;
  return <span>{shown}</span>;
}
