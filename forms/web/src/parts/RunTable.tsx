import { Siren } from "lucide-react";
import { Link } from "react-router";
import type { RunSummary } from "../api/types";
import { runLook } from "../states/states";
import { StateBadge } from "../states/StateBadge";
import { text } from "../text";
import { EntityLink, PersonName } from "./Basics";
import { DataTable, type Column } from "./DataTable";
import css from "./RunTable.module.css";
import { inWords, visible } from "./textOf";
import { Took, When } from "./Times";

const words = text.runs;
const LONGEST = 80; // characters of answers beside the action

/** Runs, one a row; on a phone one a card. */
export function RunTable({ runs, compact = false }: { runs: readonly RunSummary[]; compact?: boolean }) {
  return (
    <DataTable
      caption={words.title}
      columns={compact ? COLUMNS.filter((column) => column.head !== words.entity) : COLUMNS}
      rows={runs}
      rowKey={(run) => run.id}
    />
  );
}

const COLUMNS: readonly Column<RunSummary>[] = [
  { head: words.state, tight: true, cell: (run) => <StateBadge look={runLook(run.state)} /> },
  {
    head: words.action,
    main: true,
    cell: (run) => (
      <>
        <Link className={css.what} to={`/runs/${encodeURIComponent(run.id)}`}>
          {visible(run.action_title)}
        </Link>
        {run.break_glass && (
          <span
            className={css.emergency}
            role="img"
            aria-label={text.emergency.run}
            title={text.emergency.run}
          >
            <Siren size={14} aria-hidden />
          </span>
        )}
        <Inputs inputs={run.inputs} />
      </>
    ),
  },
  { head: words.entity, cell: (run) => run.entity && <EntityLink entity={run.entity} /> },
  { head: words.by, cell: (run) => <PersonName person={run.requester} /> },
  { head: words.asked, cell: (run) => <When at={run.created_at} /> },
  { head: words.took, cell: (run) => <Took start={run.started_at} end={run.ended_at} /> },
];

/** "1.1.0 · environment:production": enough to tell runs of one action apart. The rest on hover, and all of it on the run. */
function Inputs({ inputs }: { inputs: Record<string, unknown> }) {
  const short = Object.values(inputs)
    .filter((value) => value !== null && value !== "" && typeof value !== "object")
    .map((value) => inWords(value));
  const line = short.slice(0, 3).join(" · ");
  const cut = line.length > LONGEST || short.length > 3;
  return (
    <span className={css.inputs} title={cut ? short.join(" · ").slice(0, 1000) : undefined}>
      {line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line}
    </span>
  );
}
