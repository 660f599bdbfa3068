import { useQueries } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { entityQuery, splitRef } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { EntityLink, Section } from "../../parts/Basics";
import { ProblemNote } from "../../parts/Problem";
import { inWords } from "../../parts/textOf";
import { text } from "../../text";
import css from "./EntitiesPage.module.css";
import { WrittenBy } from "./WrittenBy";

const words = text.entities;
const KIND = "deployment";

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
      <table className={`${css.table} ${css.inside}`}>
        <caption className="visually-hidden">{words.deployments}</caption>
        <thead>
          <tr>
            <th scope="col">{words.environment}</th>
            <th scope="col">{words.version}</th>
            <th scope="col">{words.writtenBy}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((deployment) => (
            <tr key={deployment.ref}>
              <td>
                <EntityLink entity={environmentOf(deployment) ?? deployment.ref} />
              </td>
              <td>
                <strong>{inWords(deployment.properties["version"])}</strong>
              </td>
              <td>
                <WrittenBy by={deployment.changed_by} at={deployment.changed_at} bare />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function environmentOf(deployment: EntityView): string | undefined {
  return deployment.relations["environment"]?.[0];
}
