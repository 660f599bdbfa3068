import { useQueries } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { entityQuery, splitRef } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { EntityLink, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { ProblemNote } from "../../parts/Problem";
import { inWords } from "../../parts/textOf";
import { text } from "../../text";
import { WrittenBy } from "./WrittenBy";

const words = text.entities;
const KIND = "deployment";

const COLUMNS: readonly Column<EntityView>[] = [
  {
    head: words.environment,
    main: true,
    cell: (deployment) => <EntityLink entity={environmentOf(deployment) ?? deployment.ref} />,
  },
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

/** What runs where: one row per deployment, with the run that brought it there. */
export function Deployments({ entity }: { entity: EntityView }) {
  const api = useApi();
  const all = useQueries({ queries: deploymentsOf(entity).map((ref) => entityQuery(api, ref)) });
  const error = all.find((one) => one.error)?.error;
  const rows = all.flatMap((one) => (one.data ? [one.data] : []));
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
    </Section>
  );
}

function environmentOf(deployment: EntityView): string | undefined {
  return deployment.relations["environment"]?.[0];
}
