import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import LockPage from "../src/pages/locks/LockPage";
import LocksPage from "../src/pages/locks/LocksPage";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const ROUTES = [
  { path: "/locks", Component: LocksPage },
  { path: "/lock", Component: LockPage },
];
const SHOP = "/lock?key=shop%2Fproduction";

test("every key with who has it; filters stand in the address", async () => {
  const house = visit("/locks", ROUTES);
  const table = await screen.findByRole("table", { name: "Locks" });
  expect(within(table).getByText("held by Sam: database migration")).toBeTruthy();
  expect(within(table).getByRole("link", { name: "shop/production" }).getAttribute("href")).toBe(SHOP);
  await userEvent.click(screen.getByRole("checkbox", { name: "Only those that a person holds" }));
  expect(house.at()).toBe("/locks?held=true");
  expect(await screen.findByRole("button", { name: "Clear the filters" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Hold a key" })).toBeNull(); // Ana operates nothing
});

test("a lock says who waits, when it is whose turn, and what is running", async () => {
  visit(SHOP, ROUTES);
  const queue = await screen.findByRole("table", { name: "Who waits" });
  const [, first, second] = within(queue).getAllByRole("row");
  expect(first?.textContent).toContain("in 4 minutes");
  expect(second?.textContent).toMatch(/^3/); // who stands between may not be seen
  expect(second?.textContent).toContain("nobody can say");
  expect(screen.getByRole("table", { name: "What its run has started" }).textContent).toContain(
    "in_progress",
  );
});

test("who operates nothing is told so, and presses for nothing", async () => {
  const { fake } = visit(SHOP, ROUTES);
  const button = await screen.findByRole("button", { name: /Take it away/ });
  expect(button.textContent).toContain("operator or admin");
  await userEvent.click(button);
  expect(fake.seen.filter((one) => one.method !== "GET")).toEqual([]);
});

test("taking a lock away explains the number, needs a reason, and sends what was looked at", async () => {
  const { fake } = visit(SHOP, ROUTES, new FakeApi("sam"));
  await userEvent.click(await screen.findByRole("button", { name: "Take it away" }));
  const dialog = screen.getByRole("dialog", { name: "Take this lock away?" });
  expect(dialog.textContent).toContain("github run 77 may still be working");
  expect(dialog.textContent).toContain("with the number 815 and from nobody else");
  const verb = within(dialog).getByRole("button", { name: "Take it away" }) as HTMLButtonElement;
  expect(verb.disabled).toBe(true);
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Why/ }), "runner lost");
  await userEvent.click(verb);
  expect(await screen.findByText(/Nobody has it, and nobody waits/)).toBeTruthy();
  const sent = fake.seen.filter((one) => one.method === "POST").map((one) => [one.path, one.body]);
  expect(sent).toEqual([["/locks/release", { key: "shop/production", fence: 815, reason: "runner lost" }]]);
});

test("a key is held for a reason and until a time: 8 hours unless somebody chose", async () => {
  const { fake } = visit("/locks", ROUTES, new FakeApi("sam"));
  await userEvent.click(await screen.findByRole("button", { name: "Hold a key" }));
  const dialog = screen.getByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Key/ }), "shop/staging");
  const verb = within(dialog).getByRole("button", { name: "Hold it" }) as HTMLButtonElement;
  expect(verb.disabled).toBe(true);
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Why/ }), "a debugger");
  expect(verb.disabled).toBe(false);
  const ends = within(dialog).getByRole<HTMLInputElement>("combobox", { name: /It ends/ });
  expect(ends.value).toBe("in 8 hours");
  expect(within(dialog).getByText(/a forgotten hold keeps nobody for ever/)).toBeTruthy();
  await userEvent.click(ends);
  expect(screen.queryByRole("option", { name: /when I/, hidden: true })).toBeNull();
  await userEvent.click(await screen.findByRole("option", { name: "in 2 hours", hidden: true }));
  await userEvent.click(verb);
  expect(await screen.findByRole("link", { name: "shop/staging" })).toBeTruthy();
  const sent = fake.seen.find((one) => one.method === "POST");
  expect(sent?.body).toEqual({ key: "shop/staging", reason: "a debugger", seconds: 7200 });
  expect(sent?.key).toMatch(/^\w{32}$/);
});

test("a hold is ended from the page of its key", async () => {
  const { fake } = visit("/lock?key=billing%2Fproduction", ROUTES, new FakeApi("sam"));
  await userEvent.click(await screen.findByRole("button", { name: "End the hold" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "End the hold" }));
  expect(await screen.findByText(/Nobody has it, and nobody waits/)).toBeTruthy();
  expect(fake.seen.find((one) => one.method === "DELETE")?.path).toBe("/locks/holds/h_1");
});
