/** Before and after: of inputs, and of entities in the catalog. */
import { ArrowRight } from "lucide-react";
import type { Difference, PlannedChange } from "../api/types";
import { text } from "../text";
import { EntityLink } from "./Basics";
import css from "./Compare.module.css";
import { inWords, visible } from "./textOf";

export interface Row {
  field: string;
  before: unknown;
  after: unknown;
}

export function Differences({ rows, caption }: { rows: readonly (Difference | Row)[]; caption: string }) {
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{text.diff.field}</th>
            <th scope="col">{text.diff.before}</th>
            <th scope="col" aria-hidden />
            <th scope="col">{text.diff.after}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.field}>
              <th scope="row">{visible(row.field)}</th>
              <td>
                <del>{inWords(row.before)}</del>
              </td>
              <td aria-hidden>
                <ArrowRight size={14} />
              </td>
              <td>
                <ins>{inWords(row.after)}</ins>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What one entity was and what it becomes, field by field; what stays the same is only counted. */
export function ChangeList({ changes }: { changes: readonly PlannedChange[] }) {
  return (
    <ul className={css.changes}>
      {changes.map((change) => {
        const { rows, same } = changedFields(change.before ?? null, change.after);
        return (
          <li key={change.entity}>
            <div>
              <EntityLink entity={change.entity} />{" "}
              <span className="soft">
                {change.before ? text.diff.changed : text.diff.added}
                {same > 0 && `, ${text.diff.same(same)}`}
              </span>
            </div>
            <Differences rows={rows} caption={change.entity} />
          </li>
        );
      })}
    </ul>
  );
}

/** Leaves of two documents side by side: `properties.version`, `steps.0.ref`; a list of plain values is one of them. */
export function changedFields(
  before: Record<string, unknown> | null,
  after: Record<string, unknown>,
): { rows: Row[]; same: number } {
  const old = leaves(before ?? {});
  const now = leaves(after);
  const rows: Row[] = [];
  let same = 0;
  for (const field of new Set([...old.keys(), ...now.keys()])) {
    const row = { field, before: old.get(field), after: now.get(field) };
    if (JSON.stringify(row.before) === JSON.stringify(row.after)) same += 1;
    else rows.push(row);
  }
  return { rows, same };
}

function leaves(value: Record<string, unknown>, path = ""): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    const name = path ? `${path}.${key}` : key;
    if (isDocument(inner) || (Array.isArray(inner) && inner.some(isDocument))) {
      for (const [leaf, leafValue] of leaves(inner as Record<string, unknown>, name))
        found.set(leaf, leafValue);
    } else {
      found.set(name, inner);
    }
  }
  return found;
}

function isDocument(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
