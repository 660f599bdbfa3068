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

export function classOf<Row>(column: Column<Row>): string | undefined {
  return column.number ? css.number : column.tight ? css.tight : undefined;
}
