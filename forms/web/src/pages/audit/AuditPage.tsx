import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useApi } from "../../api/context";
import { auditQuery, type AuditFilter } from "../../api/queries";
import type { AuditShown } from "../../api/types";
import { Empty, EntityLink, PageHead, PersonName, RunLink } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { FilterBar } from "../../parts/FilterBar";
import { FilterText } from "../../parts/FilterText";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { PeriodSelect, useStretch } from "../../parts/PeriodSelect";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { useFilters } from "../../parts/useFilters";
import { text } from "../../text";
import { figure } from "../../text/formats";
import css from "./AuditPage.module.css";
import { Seal } from "./Seal";

const words = text.audit;
const TYPED = {
  actor: words.actorHint,
  action: words.actionHint,
  subject: words.subjectHint,
  run: words.runHint,
} as const;
type Typed = keyof typeof TYPED;
const NAMES = Object.keys(TYPED) as Typed[];

const COLUMNS: readonly Column<AuditShown>[] = [
  { head: words.number, tight: true, cell: (one) => figure(one.number) },
  { head: words.action, main: true, tight: true, cell: (one) => <strong>{visible(one.action)}</strong> },
  { head: words.actor, tight: true, cell: (one) => <PersonName person={one.who} /> },
  { head: words.subject, cell: (one) => <Subject subject={one.subject} /> },
  { head: words.facts, cell: (one) => <Facts facts={one.facts} /> },
  { head: words.at, tight: true, cell: (one) => <When at={one.at} /> },
];

/** `/audit?action=run.*&subject=entity:service:shop&time=7d` */
export default function AuditPage() {
  const filters = useFilters([...NAMES, "time", "since", "until"]);
  const { value, set, any, clear } = filters;
  const wanted: AuditFilter = {
    ...(Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Record<Typed, string | undefined>),
    ...useStretch(value),
  };
  const found = useInfiniteQuery(auditQuery(useApi(), wanted));
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} aside={<Exports wanted={wanted} />} />
      <div className={css.stack}>
        <Seal />
        <div>
          <FilterBar onClear={any && clear}>
            {NAMES.map((name) => (
              <FilterText
                key={name}
                label={words[name]}
                placeholder={TYPED[name]}
                value={value(name)}
                onFilter={(next) => set({ [name]: next })}
              />
            ))}
            <PeriodSelect label={words.time} value={value} onFilter={set} />
          </FilterBar>
          <Loaded query={found}>
            {({ pages }) => {
              const rows = pages.flatMap((page) => page.items);
              if (rows.length === 0) return <Empty title={words.noneTitle}>{words.none}</Empty>;
              return (
                <DataTable
                  caption={words.title}
                  columns={COLUMNS}
                  rows={rows}
                  rowKey={(one) => String(one.number)}
                />
              );
            }}
          </Loaded>
          <MoreButton query={found} />
        </div>
      </div>
    </>
  );
}

/** The same filters, all entries: downloads by the browser itself. */
function Exports({ wanted }: { wanted: AuditFilter }) {
  const given = Object.entries(wanted).flatMap(([name, value]) => (value ? [[name, value]] : []));
  const address = (format: string) =>
    `/api/v1/audit/export?${new URLSearchParams([["format", format], ...given] as [string, string][])}`;
  return (
    <>
      {(["csv", "ndjson"] as const).map((format) => (
        <Button
          key={format}
          component="a"
          href={address(format)}
          download
          variant="default"
          leftSection={<Download size={16} aria-hidden />}
        >
          {format === "csv" ? words.exportCsv : words.exportJson}
        </Button>
      ))}
    </>
  );
}

const RUN = "run:";
const ENTITY = "entity:";

function Subject({ subject }: { subject: string }) {
  if (subject.startsWith(RUN)) return <RunLink id={subject.slice(RUN.length)} />;
  if (subject.startsWith(ENTITY)) return <EntityLink entity={subject.slice(ENTITY.length)} />;
  return <span>{visible(subject)}</span>;
}

function Facts({ facts }: { facts: Record<string, string> }) {
  return (
    <ul className={css.facts}>
      {Object.entries(facts).map(([name, value]) => (
        <li key={name}>
          <span className="soft">{visible(name)}:</span> {visible(value)}
        </li>
      ))}
    </ul>
  );
}
