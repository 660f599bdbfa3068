import { useMemo, useRef } from "react";
import { classOf, type Column } from "./columns";
import { DataRow } from "./DataRow";
import css from "./DataTable.module.css";
import { RowsInSight } from "./RowsInSight";
import { useWholeTable } from "./useWholeTable";

export type { Column } from "./columns";

/** From so many rows on, only those in sight are in the document. */
const MOST_DRAWN = 100;

/** Rows of one kind; on a phone one a card. `inside`: in a section, which has the border already. */
export function DataTable<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  chosen?: (row: Row) => boolean;
  inside?: boolean;
}) {
  const { columns, rows, rowKey, chosen } = props;
  const table = useRef<HTMLTableElement>(null);
  const whole = useWholeTable();
  const inSight = rows.length > MOST_DRAWN && !whole;
  const keys = useMemo(() => rows.map(rowKey), [rows, rowKey]);
  return (
    <table
      ref={table}
      className={`${css.table} ${props.inside ? css.inside : ""}`}
      aria-rowcount={inSight ? rows.length + 1 : undefined}
    >
      <caption className="visually-hidden">{props.caption}</caption>
      <thead>
        <tr aria-rowindex={inSight ? 1 : undefined}>
          {columns.map((column, place) =>
            column.head ? (
              <th key={place} scope="col" className={classOf(column)}>
                {column.head}
              </th>
            ) : (
              <td key={place} className={classOf(column)} /> // of buttons: it is the head of nothing
            ),
          )}
        </tr>
      </thead>
      {inSight ? (
        <RowsInSight table={table} columns={columns} rows={rows} keys={keys} chosen={chosen} />
      ) : (
        <tbody>
          {rows.map((row, index) => (
            <DataRow key={keys[index]} row={row} columns={columns} chosen={chosen?.(row) ?? false} />
          ))}
        </tbody>
      )}
    </table>
  );
}
