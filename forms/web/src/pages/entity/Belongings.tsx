import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "../../api/context";
import { entityQuery } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { Empty, EntityLink, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { MoreButton } from "../../parts/MoreButton";
import { ProblemNote } from "../../parts/Problem";
import { humanised, inWords, visible } from "../../parts/textOf";
import { text } from "../../text";
import type { Belonging } from "./belonging";
import css from "./Belongings.module.css";
import { WrittenBy } from "./WrittenBy";

const words = text.entities;
const READ = 25;

/** What belongs to an entity, as the deployments of a service: a table for each kind of which there are some. */
export function Belongings({ entity, all }: { entity: EntityView; all: readonly Belonging[] }) {
  const some = all.filter((one) => one.refs.length > 0);
  if (some.length > 0)
    return some.map((one) => <Table key={one.kind.name} entity={entity} belonging={one} />);
  if (all.length === 0 || entity.referenced_by_more) return null;
  return (
    <Section title={words.belongings}>
      <Empty title={words.noBelongings}>
        {words.belongingHow(
          visible(entity.kind),
          all.map((one) => [visible(one.kind.name), one.by.map(visible)]),
        )}
      </Empty>
    </Section>
  );
}

/** One row for each, with the run that wrote it. So many are read at once. */
function Table({ entity, belonging }: { entity: EntityView; belonging: Belonging }) {
  const api = useApi();
  const [most, setMost] = useState(READ);
  const { refs, kind } = belonging;
  const all = useQueries({ queries: refs.slice(0, most).map((ref) => entityQuery(api, ref)) });
  const error = all.find((one) => one.error)?.error;
  const rows = all.flatMap((one) => (one.data ? [one.data] : []));
  const pending = all.filter((one) => one.isPending).length;
  const title = visible(kind.title);
  const columns = useMemo(() => columnsOf(belonging), [belonging]);
  const more = {
    hasNextPage: refs.length > most,
    isFetchingNextPage: pending > 0,
    fetchNextPage: () => Promise.resolve(setMost(most + READ)),
  };
  return (
    <Section title={title} flush>
      {error && <ProblemNote error={error} />}
      <DataTable caption={title} inside columns={columns} rows={rows} rowKey={(one) => one.ref} />
      <p className={`${css.note} soft small`} role="status">
        {pending > 0 && words.belongingsLoading(pending)}
      </p>
      <MoreButton query={more} />
      {!more.hasNextPage && entity.referenced_by_more && (
        <p className={`${css.note} soft small`}>{words.referencedByMore(entity.referenced_by.length)}</p>
      )}
    </Section>
  );
}

function columnsOf({ relations, properties }: Belonging): Column<EntityView>[] {
  return [
    { head: words.name, main: true, cell: (one) => <EntityLink entity={one.ref} title={one.title} /> },
    ...relations.map((name) => ({
      head: visible(humanised(name)),
      cell: (one: EntityView) => <Others refs={one.relations[name] ?? []} />,
    })),
    ...properties.map(({ name, title }) => ({
      head: visible(title),
      cell: (one: EntityView) => <strong>{inWords(one.properties[name])}</strong>,
    })),
    {
      head: words.writtenBy,
      cell: (one) => <WrittenBy by={one.changed_by} at={one.changed_at} bare />,
    },
  ];
}

function Others({ refs }: { refs: readonly string[] }) {
  if (refs.length === 0) return <span className="soft">{text.none}</span>;
  return refs.map((ref) => (
    <div key={ref}>
      <EntityLink entity={ref} />
    </div>
  ));
}
