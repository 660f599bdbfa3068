import { defaultRangeExtractor, useWindowVirtualizer, type Range } from "@tanstack/react-virtual";
import { Fragment, useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { Column } from "./columns";
import { DataRow } from "./DataRow";
import css from "./DataTable.module.css";

const ROW = 60; // pixels, until it is measured
const CARD = 180; // the same on a phone, where a row is a card
const PHONE = 800; // as in the style sheet
const AROUND = 10; // rows above and below those in sight

/**
 * The body of a long table: rows in sight, and empty ones as high as what is left out. It stays a table: each row says which
 * of all it is, and the one with the focus stays however far somebody scrolls, so that the keyboard goes on from there.
 */
export function RowsInSight<Row>(props: {
  table: RefObject<HTMLTableElement | null>;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keys: readonly string[];
  chosen: ((row: Row) => boolean) | undefined;
}) {
  const { table, columns, rows, keys, chosen } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  const focused = useRef<number | null>(null);
  const virtual = useWindowVirtualizer<HTMLTableRowElement>({
    count: rows.length,
    estimateSize: () => (window.innerWidth > PHONE ? ROW : CARD),
    overscan: AROUND,
    scrollMargin: top,
    getItemKey: (index) => keys[index] ?? index,
    measureElement: heightOf,
    rangeExtractor: useCallback((range: Range) => withFocused(range, focused.current), []),
  });
  // Whatever stands above may have changed its height; the same number again draws nothing anew.
  // eslint-disable-next-line react-hooks/exhaustive-deps -- after every drawing
  useLayoutEffect(() => {
    const above = body.current && Math.round(body.current.getBoundingClientRect().top + window.scrollY);
    if (!virtual.isScrolling && above !== null && above !== top) setTop(above);
  });
  useKeptWidths(table, virtual.isScrolling, rows.length);
  useFocused(body, focused);
  const drawn = virtual.getVirtualItems();
  return (
    <tbody ref={body}>
      {drawn.map(({ key, index, start }, n) => {
        const row = rows[index];
        if (row === undefined) return null;
        return (
          <Fragment key={key}>
            <LeftOut height={start - (drawn[n - 1]?.end ?? top)} columns={columns.length} />
            <DataRow
              row={row}
              columns={columns}
              chosen={chosen?.(row) ?? false}
              index={index}
              ref={virtual.measureElement}
            />
          </Fragment>
        );
      })}
      <LeftOut height={virtual.getTotalSize() + top - (drawn.at(-1)?.end ?? top)} columns={columns.length} />
    </tbody>
  );
}

function LeftOut({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr className={css.leftOut} aria-hidden style={{ height }}>
      <td colSpan={columns} />
    </tr>
  );
}

/** With the room below it. */
function heightOf(row: HTMLTableRowElement, entry: ResizeObserverEntry | undefined): number {
  const height = entry?.borderBoxSize[0]?.blockSize ?? row.offsetHeight;
  return height + (Number.parseFloat(getComputedStyle(row).marginBottom) || 0);
}

function withFocused(range: Range, focused: number | null): number[] {
  const indexes = defaultRangeExtractor(range);
  if (focused === null || focused >= range.count || indexes.includes(focused)) return indexes;
  return [...indexes, focused].sort((a, b) => a - b);
}

/** Keeps the number of the row that has the focus. */
function useFocused(body: RefObject<HTMLElement | null>, focused: RefObject<number | null>): void {
  useEffect(() => {
    const rows = body.current;
    const onFocus = ({ target }: FocusEvent) => {
      const index = target instanceof Element ? target.closest("tr")?.dataset["index"] : undefined;
      focused.current = index === undefined ? null : Number(index);
    };
    const onBlur = () => (focused.current = null);
    rows?.addEventListener("focusin", onFocus);
    rows?.addEventListener("focusout", onBlur);
    return () => {
      rows?.removeEventListener("focusin", onFocus);
      rows?.removeEventListener("focusout", onBlur);
    };
  }, [body, focused]);
}

/** Columns are as wide as the rows in sight make them, and keep that while others come into sight: nothing jumps. */
function useKeptWidths(table: RefObject<HTMLTableElement | null>, scrolling: boolean, rows: number): void {
  useLayoutEffect(() => {
    if (!scrolling) keepWidths(headsOf(table.current));
  }, [table, scrolling, rows]);
  useLayoutEffect(() => {
    const heads = headsOf(table.current);
    const keep = () => keepWidths(heads);
    window.addEventListener("resize", keep);
    return () => {
      window.removeEventListener("resize", keep);
      letGo(heads);
    };
  }, [table]);
}

const headsOf = (table: HTMLTableElement | null): HTMLElement[] => [
  ...(table?.querySelectorAll<HTMLElement>(":scope > thead > tr > *") ?? []),
];
const letGo = (heads: readonly HTMLElement[]) => heads.forEach((head) => (head.style.width = ""));

function keepWidths(heads: readonly HTMLElement[]): void {
  letGo(heads);
  const widths = heads.map((head) => head.getBoundingClientRect().width);
  heads.forEach((head, n) => (head.style.width = widths[n] ? `${widths[n]}px` : ""));
}
