import { memo, type Ref } from "react";
import { classOf, type Column } from "./columns";

interface Props<Row> {
  row: Row;
  columns: readonly Column<Row>[];
  chosen: boolean;
  /** Where it stands among all rows, of which only some are in the document. */
  index?: number;
  ref?: Ref<HTMLTableRowElement>;
}

function Plain<Row>({ row, columns, chosen, index, ref }: Props<Row>) {
  return (
    <tr
      ref={ref}
      data-index={index}
      // The heads of the columns are the first row.
      aria-rowindex={index === undefined ? undefined : index + 2}
      aria-current={chosen ? "true" : undefined}
    >
      {columns.map((column, place) =>
        column.main ? (
          <th key={place} scope="row" className={classOf(column)}>
            {column.cell(row)}
          </th>
        ) : (
          <td key={place} className={classOf(column)} data-label={column.head || undefined}>
            {column.cell(row)}
          </td>
        ),
      )}
    </tr>
  );
}

/** One row. Scrolling draws rows that come into sight, and none of the others anew. */
export const DataRow = memo(Plain) as typeof Plain;
