import { Link } from "react-router";
import type { RunSummary } from "../api/types";
import { runLook } from "../states/states";
import { StateBadge } from "../states/StateBadge";
import { text } from "../text";
import { EntityLink, PersonName } from "./Basics";
import css from "./RunTable.module.css";
import { inWords, visible } from "./textOf";
import { Took, When } from "./Times";

const words = text.runs;

/** Runs, one a row; on a phone one a card. */
export function RunTable({ runs, compact = false }: { runs: readonly RunSummary[]; compact?: boolean }) {
  return (
    <table className={css.table}>
      <caption className="visually-hidden">{words.title}</caption>
      <thead>
        <tr>
          <th scope="col">{words.state}</th>
          <th scope="col">{words.action}</th>
          {!compact && <th scope="col">{words.entity}</th>}
          <th scope="col">{words.by}</th>
          <th scope="col">{words.asked}</th>
          <th scope="col">{words.took}</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <td>
              <StateBadge look={runLook(run.state)} />
            </td>
            <td className={css.what}>
              <Link to={`/runs/${encodeURIComponent(run.id)}`}>{visible(run.action_title)}</Link>
              <span className={css.inputs}>{inputsInShort(run.inputs)}</span>
            </td>
            {!compact && <td>{run.entity && <EntityLink entity={run.entity} />}</td>}
            <td>
              <PersonName person={run.requester} />
            </td>
            <td>
              <When at={run.created_at} />
            </td>
            <td>
              <Took start={run.started_at} end={run.ended_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** "1.1.0 · environment:production": enough to tell runs of one action apart. */
function inputsInShort(inputs: Record<string, unknown>): string {
  const short = Object.values(inputs)
    .filter((value) => value !== null && value !== "" && typeof value !== "object")
    .map((value) => inWords(value));
  const line = short.slice(0, 3).join(" · ");
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
