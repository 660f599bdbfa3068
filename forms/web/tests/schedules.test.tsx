import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { JsonObject } from "../src/api/types";
import { draftOf, specOf } from "../src/pages/schedules/draft";
import ScheduleForm from "../src/pages/schedules/ScheduleForm";
import SchedulePage from "../src/pages/schedules/SchedulePage";
import SchedulesPage from "../src/pages/schedules/SchedulesPage";
import { capital } from "../src/parts/textOf";
import { FakeApi } from "./fake/api";
import { NIGHTLY, paused } from "./fake/schedules";
import { visit } from "./render";

const ROUTES = [
  { path: "/schedules", Component: SchedulesPage },
  { path: "/schedules/new", Component: ScheduleForm },
  { path: "/schedules/:id", Component: SchedulePage },
  { path: "/schedules/:id/change", Component: ScheduleForm },
  { path: "/runs/:id", element: <h1>the run</h1> },
];
const sent = (fake: FakeApi, method: string) => fake.seen.filter((one) => one.method === method);
const fill = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });

test("the list says what is due next and whose it is", async () => {
  visit("/schedules", ROUTES);
  const row = (await screen.findByRole("link", { name: "Restart every night" })).closest("tr");
  for (const said of ["Active", "restart", "service:shop", "Sun 28 Mar 2027 03:00 CEST", "person:ana"])
    expect(row?.textContent).toContain(said);
});

test("one schedule shows its next times across a change of the clocks, and what came of those before", async () => {
  visit("/schedules/nightly", ROUTES);
  const times = await screen.findByRole("table", { name: "The next ten times" });
  expect(within(times).getByText(/does not exist on this day/)).toBeTruthy();
  const history = await screen.findByRole("table", { name: "What came of each time" });
  expect(within(history).getByText("6 times were missed. Nothing was started.")).toBeTruthy();
  expect(within(history).getByRole("link", { name: "r_seed1" }).getAttribute("href")).toBe("/runs/r_seed1");
});

test("it is paused with a reason, and goes on again", async () => {
  const { fake } = visit("/schedules/nightly", ROUTES);
  await userEvent.click(await screen.findByRole("button", { name: "Pause" }));
  const dialog = screen.getByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox"), "holidays");
  await userEvent.click(within(dialog).getByRole("button", { name: "Pause" }));
  expect(await screen.findByText("Paused since 12:00 UTC: holidays")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Let it go on" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Let it go on" }));
  expect(await screen.findByText(capital(NIGHTLY.text))).toBeTruthy();
  expect(sent(fake, "POST").map((one) => one.path)).toEqual([
    "/schedules/nightly/pause",
    "/schedules/nightly/resume",
  ]);
});

test("by hand it begins once however often one presses, and one is led to its run", async () => {
  const { fake, at } = visit("/schedules/nightly", ROUTES);
  await userEvent.click(await screen.findByRole("button", { name: "Run it now" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Run it now" }));
  await screen.findByRole("heading", { name: "the run" });
  expect(at()).toMatch(/^\/runs\/r_/);
  expect(sent(fake, "POST")[0]?.key).toMatch(/^\w{32}$/);
});

test("whoever may not pause it is told why", async () => {
  const fake = new FakeApi("ana");
  const why = "Only its owner, person:sam, and operators do this.";
  const may = { ...NIGHTLY.may, pause: { allowed: false, why_not: why } };
  fake.schedules.set("nightly", { ...paused(NIGHTLY, "3 times in a row it did not succeed"), may });
  visit("/schedules/nightly", ROUTES, fake);
  const button = await screen.findByRole("button", { name: /Let it go on/ });
  expect(button.getAttribute("aria-disabled")).toBe("true");
  expect(button.textContent).toContain(why);
});

test("one is made with the answers of an earlier run, and shows its times before", async () => {
  const { fake, at } = visit("/schedules/new", ROUTES);
  const make = await screen.findByRole("button", { name: "Make it" });
  expect((make as HTMLButtonElement).disabled).toBe(true);
  fill(screen.getByLabelText(/Title/), "Every night");
  await userEvent.click(await screen.findByRole("combobox", { name: /With the answers of/ }));
  const [first] = await screen.findAllByRole("option", { name: /1\.2\.0/, hidden: true });
  if (first) await userEvent.click(first);
  fill(screen.getByLabelText(/Cron expression/), "30 2 * * *");
  fill(screen.getByLabelText(/Time zone/), "Europe/Berlin");
  expect(await screen.findByText(/does not exist on this day/)).toBeTruthy();
  await userEvent.click(make);
  expect(await screen.findByRole("heading", { name: "Every night" })).toBeTruthy();
  expect(at()).toBe("/schedules/sc_1");
  const made = sent(fake, "POST").find((one) => one.path === "/schedules");
  expect((made?.body as { spec: JsonObject }).spec).toMatchObject({
    action: "deploy",
    entity: "service:shop",
    inputs: { version: "1.2.0" },
    cron: "30 2 * * *",
    at: null,
    timezone: "Europe/Berlin",
    overlap: "skip",
    catch_up: "10m",
  });
});

test("a change keeps what is asked for", () => {
  const draft = { ...draftOf(NIGHTLY), kind: "once" as const, at: "2027-01-01T02:00" };
  expect(specOf(draft, null)).toEqual({
    cron: null,
    at: "2027-01-01T02:00",
    timezone: "Europe/Berlin",
    overlap: "skip",
    catch_up: "10m",
    missed: "skip",
  });
});
