import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import MorePage from "../src/app/MorePage";
import OperatePage from "../src/pages/operate/OperatePage";
import RunsPage from "../src/pages/operate/RunsPage";
import { labelled, niceCeiling, niceSeconds, unbroken } from "../src/pages/operate/scales";
import { sinceOf } from "../src/parts/period";
import { FakeApi } from "./fake/api";
import { person, run } from "./fake/world";
import { visit } from "./render";

const ROUTES = [
  { path: "/operate", Component: OperatePage },
  { path: "/runs", Component: RunsPage },
  { path: "/more", Component: MorePage },
];
const rows = (table: HTMLElement) => within(table).getAllByRole("row").slice(1);

test("what needs a person stands first, and says so when there is nothing", async () => {
  visit("/operate", ROUTES);
  const section = await screen.findByRole("region", { name: "Needs attention" });
  expect(within(section).getByRole("link", { name: "Deploy a service" }).getAttribute("href")).toBe(
    "/runs/r_held",
  );
});

test("nothing that needs a person is said in words", async () => {
  const fake = new FakeApi();
  fake.runs.delete("r_held");
  visit("/operate", ROUTES, fake);
  expect(await screen.findByText("Nothing needs attention")).toBeTruthy();
});

test("the chart says in words what it shows, and a table has the same numbers", async () => {
  visit("/operate", ROUTES);
  expect(await screen.findByRole("img", { name: "5 runs, of which 1 succeeded and 1 failed." })).toBeTruthy();
  const byAction = rows(screen.getByRole("table", { name: "By action" }));
  expect(byAction).toHaveLength(1);
  expect(byAction[0]?.textContent).toContain("50 %");
  const byTime = screen.getByRole("table", { name: "Runs over time", hidden: true });
  const link = within(byTime).getByRole("link", { hidden: true });
  expect(link.getAttribute("href")).toMatch(/^\/runs\?since=.+&until=.+/);
});

test("time and action of the chart stand in the address, and ask the server", async () => {
  const house = visit("/operate?time=30d&action=restart", ROUTES);
  expect(await screen.findByText("No runs in this time")).toBeTruthy();
  expect((screen.getByRole("combobox", { name: "Time" }) as HTMLInputElement).value).toBe("Last 30 days");
  await userEvent.click(screen.getByRole("combobox", { name: "Time" }));
  await userEvent.click(await screen.findByRole("option", { name: "Last 24 hours", hidden: true }));
  expect(house.at()).toBe("/operate?time=24h&action=restart");
});

test("the list of runs is filtered by who asked and when, all of it in the address", async () => {
  const fake = new FakeApi();
  fake.addRun(run("r_sams", "succeeded", { requester: person("sam") }));
  const house = visit("/runs?requester=person:sam", ROUTES, fake);
  expect(rows(await screen.findByRole("table"))).toHaveLength(1);
  await userEvent.click(screen.getByRole("button", { name: "Clear the filters" }));
  expect(house.at()).toBe("/runs");
  const who = screen.getByRole("textbox", { name: "Asked by" });
  await userEvent.type(who, "person:nobody{Enter}");
  expect(house.at()).toBe("/runs?requester=person%3Anobody");
  expect(await screen.findByText("No run matches these filters.")).toBeTruthy();
});

test("a run that went past its approval is marked in every list", async () => {
  const fake = new FakeApi("sam");
  fake.addRun(run("r_glass", "succeeded", { break_glass: true }));
  visit("/runs", ROUTES, fake);
  const marks = await screen.findAllByRole("img", { name: /goes past its approval/ });
  expect(marks.map((mark) => mark.closest("tr")?.querySelector("a")?.getAttribute("href"))).toEqual([
    "/runs/r_glass",
  ]);
});

test("a stretch that a chart led to stands in the list of times, and can be left", async () => {
  const house = visit("/runs?since=2020-01-01T00:00:00.000Z&until=2020-01-02T00:00:00.000Z", ROUTES);
  expect(await screen.findByText("No run matches these filters.")).toBeTruthy();
  const time = screen.getByRole("combobox", { name: "Asked in" }) as HTMLInputElement;
  expect(time.value).toMatch(/Jan.* to .*Jan/);
  await userEvent.click(time);
  await userEvent.click(await screen.findByRole("option", { name: "Last 7 days", hidden: true }));
  expect(house.at()).toBe("/runs?time=7d");
  expect(rows(await screen.findByRole("table")).length).toBeGreaterThan(1);
});

test("an address with nonsense filters by nothing", async () => {
  visit("/runs?state=lost&time=ages&since=then", ROUTES);
  expect(rows(await screen.findByRole("table"))).toHaveLength(5);
});

test("on a phone the way to everything else is one page", async () => {
  visit("/more", ROUTES);
  expect((await screen.findByRole("link", { name: "Connections" })).getAttribute("href")).toBe(
    "/connections",
  );
});

test("scales end at round numbers, labels keep apart, and a line breaks where nothing is known", () => {
  expect([0, 1, 3, 7, 12, 34, 101].map(niceCeiling)).toEqual([1, 1, 5, 10, 20, 50, 200]);
  expect([0.4, 61, 90_000].map(niceSeconds)).toEqual([1, 120, 172_800]);
  expect([...labelled(14, 280, 60)]).toEqual([0, 3, 6, 9]);
  expect(unbroken([1, 2, null, null, 3])).toEqual([[1, 2], [3]]);
});

test("days begin at midnight and hours when they are full", () => {
  const now = new Date(2026, 10, 29, 15, 20).getTime();
  expect(new Date(sinceOf("7d", now))).toEqual(new Date(2026, 10, 23));
  expect(new Date(sinceOf("24h", now))).toEqual(new Date(2026, 10, 28, 16));
});
