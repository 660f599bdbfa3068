import { act, fireEvent, render, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { DataTable, type Column } from "../src/parts/DataTable";

const COLUMNS: readonly Column<number>[] = [
  { head: "Name", main: true, cell: (n) => <a href={`#${n}`}>row {n}</a> },
  { head: "Twice", number: true, cell: (n) => String(2 * n) },
];
const show = (count: number) =>
  render(
    <DataTable
      caption="Numbers"
      columns={COLUMNS}
      rows={Array.from({ length: count }, (_, n) => n)}
      rowKey={String}
    />,
  );
const table = () => screen.getByRole("table", { name: "Numbers" });
const drawn = () => within(table()).getAllByRole("row").length - 1;

test("a short table is in the document as a whole", () => {
  show(100);
  expect(drawn()).toBe(100);
  expect(table().getAttribute("aria-rowcount")).toBeNull();
});

test("of a long one those in sight are, and each says which of all it is", () => {
  show(1000);
  expect(drawn()).toBeGreaterThan(10);
  expect(drawn()).toBeLessThan(100);
  expect(table().getAttribute("aria-rowcount")).toBe("1001");
  const rows = within(table()).getAllByRole("row");
  expect(rows.slice(0, 3).map((row) => row.getAttribute("aria-rowindex"))).toEqual(["1", "2", "3"]);
});

test("scrolled away, the row with the focus stays, where the keyboard goes on from", () => {
  show(1000);
  const link = screen.getByRole("link", { name: "row 1" });
  act(() => link.focus());
  act(() => {
    window.scrollY = 20_000;
    fireEvent.scroll(window);
  });
  expect(screen.queryByRole("link", { name: "row 3" })).toBeNull();
  expect(document.activeElement).toBe(link);
  expect(link.isConnected).toBe(true);
  window.scrollY = 0;
});

test("who searches with the browser, or prints, has all rows, until the next press", () => {
  show(1000);
  fireEvent.keyDown(window, { key: "f", ctrlKey: true });
  expect(drawn()).toBe(1000);
  fireEvent.pointerDown(window);
  expect(drawn()).toBeLessThan(100);
  fireEvent(window, new Event("beforeprint"));
  expect(drawn()).toBe(1000);
  fireEvent(window, new Event("afterprint"));
  expect(drawn()).toBeLessThan(100);
});
