import type { ReactNode } from "react";
import css from "./DataTable.module.css";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand to the right, one under the other. */
  number?: boolean;
  /** As narrow as what is in it. */
  tight?: boolean;
  /** What the row is about: its first cell, without a label on a phone. */
  main?: boolean;
}

/** Rows of one kind; on a phone one a card. `inside`: in a section, which has the border already. */
export function DataTable<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  chosen?: (row: Row) => boolean;
  inside?: boolean;
}) {
  const { columns, rows } = props;
  return (
    <table className={`${css.table} ${props.inside ? css.inside : ""}`}>
      <caption className="visually-hidden">{props.caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.head} scope="col" className={classOf(column)}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={props.rowKey(row)} aria-current={props.chosen?.(row) ? "true" : undefined}>
            {columns.map((column) =>
              column.main ? (
                <th key={column.head} scope="row" className={classOf(column)}>
                  {column.cell(row)}
                </th>
              ) : (
                <td key={column.head} className={classOf(column)} data-label={column.head || undefined}>
                  {column.cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function classOf<Row>(column: Column<Row>): string | undefined {
  return column.number ? css.number : column.tight ? css.tight : undefined;
}
