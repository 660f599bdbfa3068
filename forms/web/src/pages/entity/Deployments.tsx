import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../api/context";
import { entityQuery, splitRef } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { EntityLink, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { MoreButton } from "../../parts/MoreButton";
import { ProblemNote } from "../../parts/Problem";
import { inWords } from "../../parts/textOf";
import { text } from "../../text";
import css from "./Deployments.module.css";
import { WrittenBy } from "./WrittenBy";

const words = text.entities;
const KIND = "deployment";
const READ = 25;

const COLUMNS: readonly Column<EntityView>[] = [
  {
    head: words.deployment,
    main: true,
    cell: (deployment) => <EntityLink entity={deployment.ref} title={deployment.title} />,
  },
  { head: words.environment, cell: (deployment) => <Environment entity={environmentOf(deployment)} /> },
  { head: words.version, cell: (deployment) => <strong>{inWords(deployment.properties["version"])}</strong> },
  {
    head: words.writtenBy,
    cell: (deployment) => <WrittenBy by={deployment.changed_by} at={deployment.changed_at} bare />,
  },
];

/** Refs of the deployments that refer to an entity. */
export function deploymentsOf(entity: EntityView): string[] {
  return entity.referenced_by.filter((ref) => splitRef(ref)[0] === KIND);
}

/** What runs where: one row per deployment, with the run that brought it there. So many are read at once. */
export function Deployments({ entity }: { entity: EntityView }) {
  const api = useApi();
  const [most, setMost] = useState(READ);
  const refs = deploymentsOf(entity);
  const all = useQueries({ queries: refs.slice(0, most).map((ref) => entityQuery(api, ref)) });
  const error = all.find((one) => one.error)?.error;
  const rows = all.flatMap((one) => (one.data ? [one.data] : []));
  const pending = all.filter((one) => one.isPending).length;
  const more = {
    hasNextPage: refs.length > most,
    isFetchingNextPage: pending > 0,
    fetchNextPage: () => Promise.resolve(setMost(most + READ)),
  };
  return (
    <Section title={words.deployments} flush>
      {error && <ProblemNote error={error} />}
      <DataTable
        caption={words.deployments}
        inside
        columns={COLUMNS}
        rows={rows}
        rowKey={(deployment) => deployment.ref}
      />
      <p className={`${css.note} soft small`} role="status">
        {pending > 0 && words.deploymentsLoading(pending)}
      </p>
      <MoreButton query={more} />
      {!more.hasNextPage && entity.referenced_by_more && (
        <p className={`${css.note} soft small`}>{words.referencedByMore(entity.referenced_by.length)}</p>
      )}
    </Section>
  );
}

function Environment({ entity }: { entity: string | undefined }) {
  return entity === undefined ? <span className="soft">{text.none}</span> : <EntityLink entity={entity} />;
}

function environmentOf(deployment: EntityView): string | undefined {
  return deployment.relations["environment"]?.[0];
}
