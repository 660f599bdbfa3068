import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { JsonObject } from "../src/api/types";
import { draftOf, EMPTY, specOf } from "../src/pages/freezes/draft";
import FreezeForm from "../src/pages/freezes/FreezeForm";
import FreezePage from "../src/pages/freezes/FreezePage";
import FreezesPage from "../src/pages/freezes/FreezesPage";
import { daysOf, monthOf, moved, partOfDay, touching, written } from "../src/pages/freezes/month";
import { FakeApi } from "./fake/api";
import { YEAR_END } from "./fake/freezes";
import { visit } from "./render";

const ROUTES = [
  { path: "/freezes", Component: FreezesPage },
  { path: "/freezes/new", Component: FreezeForm },
  { path: "/freezes/:id", Component: FreezePage },
  { path: "/freezes/:id/change", Component: FreezeForm },
];
const sent = (fake: FakeApi, method: string) => fake.seen.filter((one) => one.method === method);

const fill = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });

test("a month shows on which days what is frozen, and the next one is a step away", async () => {
  const house = visit("/freezes?month=2026-12", ROUTES);
  const table = await screen.findByRole("table", { name: "December 2026" });
  const chips = within(table).getAllByRole("link", { name: /Year end/ });
  expect(chips[0]?.textContent).toMatch(/^Year end: frozen from \d\d:\d\d$/);
  expect(chips[1]?.textContent).toBe("Year end: frozen all day");
  expect(chips[0]?.getAttribute("href")).toBe("/freezes/year-end");
  await userEvent.click(screen.getByRole("button", { name: "Next month" }));
  expect(house.at()).toBe("/freezes?month=2027-01");
  expect(await screen.findByRole("heading", { name: "January 2027" })).toBeTruthy();
});

test("the list says what holds now, and until when", async () => {
  visit("/freezes?view=list", ROUTES);
  const row = (await screen.findByRole("link", { name: "Year end" })).closest("tr");
  expect(row?.textContent).toContain("Holds now");
  expect(row?.textContent).toContain("environments: production");
});

test("a freeze of a file is shown and not changed here", async () => {
  visit("/freezes/year-end", ROUTES, new FakeApi("sam"));
  expect(await screen.findByText("a file of the company, and is changed there")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "End it" })).toBeNull();
  const windows = await screen.findByRole("table", { name: "Its windows in the next 90 days" });
  expect(within(windows).getAllByRole("row")).toHaveLength(2);
});

test("an operator makes a freeze", async () => {
  const { fake } = visit("/freezes/new", ROUTES, new FakeApi("sam"));
  fill(screen.getByLabelText(/Title/), "Migration");
  fill(screen.getByLabelText(/Reason/), "The database moves");
  fill(screen.getByLabelText(/exceptions/), "group:sre");
  expect((screen.getByRole("button", { name: "Make it" }) as HTMLButtonElement).disabled).toBe(true);
  await userEvent.click(screen.getByLabelText("Again and again"));
  fill(screen.getByLabelText(/Time zone/), "Europe/Berlin");
  fill(screen.getByLabelText(/Rule/), "FREQ=WEEKLY;BYDAY=FR");
  fill(screen.getByLabelText(/Each lasts/), "64h");
  fill(screen.getByLabelText(/The first begins/), "2026-12-04T16:00");
  await userEvent.type(screen.getByLabelText(/Environments/, { selector: "input" }), "production{Enter}");
  await userEvent.click(screen.getByLabelText("Rollbacks"));
  await userEvent.click(screen.getByRole("button", { name: "Make it" }));
  expect(await screen.findByRole("heading", { name: "Migration" })).toBeTruthy();
  const [made] = sent(fake, "POST");
  expect(made?.key).toMatch(/^\w{32}$/);
  expect((made?.body as { spec: JsonObject }).spec).toEqual({
    reason: "The database moves",
    timezone: "Europe/Berlin",
    calendar: { start: "2026-12-04T16:00", rule: "FREQ=WEEKLY;BYDAY=FR", duration: "64h" },
    where: { environments: ["production"] },
    except: { rollback: true },
  });
});

test("an operator ends a freeze that was made here", async () => {
  const house = new FakeApi("sam");
  house.freezes.set("fz_1", { ...YEAR_END, id: "fz_1", from_file: false });
  const { fake, at } = visit("/freezes/fz_1", ROUTES, house);
  await screen.findByRole("heading", { name: "Year end" });
  await userEvent.click(screen.getByRole("button", { name: "End it" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "End it" }));
  await screen.findByRole("heading", { name: "Freezes" });
  expect([at(), sent(fake, "DELETE").map((one) => one.path)]).toEqual(["/freezes", ["/freezes/fz_1"]]);
});

test("a change keeps what the form has no field for, and takes away what is empty now", () => {
  const before = {
    ...YEAR_END,
    spec: {
      ...YEAR_END.spec,
      where: { environments: ["production"], when: "${{ inputs.big }}" },
      except: { groups: ["group:sre"] },
    },
  };
  const draft = { ...draftOf(before), environments: [], until: "" };
  expect(specOf(draft, before)).toEqual({
    reason: "Nobody is there to mend it",
    timezone: "Europe/Berlin",
    from: "2026-12-23T18:00",
    until: null,
    where: { when: "${{ inputs.big }}" },
    except: { groups: ["group:sre"] },
  });
  expect(specOf({ ...EMPTY, reason: "x", kind: "once" })).toEqual({ reason: "x" });
});

test("everything is stopped for a reason, and lifted again", async () => {
  const { fake } = visit("/freezes", ROUTES, new FakeApi("sam"));
  await userEvent.click(await screen.findByRole("button", { name: "Stop everything" }));
  const dialog = screen.getByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox"), "fire");
  await userEvent.click(within(dialog).getByRole("button", { name: "Stop everything" }));
  expect(await screen.findByText("Sam has stopped everything: fire.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Lift the stop" }));
  const lifting = within(screen.getByRole("dialog"));
  await userEvent.click(lifting.getByRole("button", { name: "Lift the stop" }));
  expect(sent(fake, "DELETE"), "it says why, as the stop did").toEqual([]);
  await userEvent.type(lifting.getByRole("textbox"), "it is out");
  await userEvent.click(lifting.getByRole("button", { name: "Lift the stop" }));
  expect(await screen.findByRole("button", { name: "Stop everything" })).toBeTruthy();
  expect(sent(fake, "POST")[0]?.body).toEqual({ reason: "fire" });
});

test("a dry run at another time takes the answers of an earlier run", async () => {
  const { fake } = visit("/freezes", ROUTES);
  await userEvent.click(await screen.findByRole("combobox", { name: "Action" }));
  await userEvent.click(await screen.findByRole("option", { name: "Deploy a service", hidden: true }));
  await userEvent.click(await screen.findByRole("combobox", { name: "Answers of" }));
  const [first] = await screen.findAllByRole("option", { name: /1\.2\.0/, hidden: true });
  if (first) await userEvent.click(first);
  await userEvent.type(screen.getByLabelText("At"), "2026-12-24T12:00");
  await userEvent.click(screen.getByRole("button", { name: "Show what would happen" }));
  expect(await screen.findByText("No freeze would hold it back then.")).toBeTruthy();
  expect(screen.getByText(/when one of group:sre has approved it/)).toBeTruthy();
  const [asked] = sent(fake, "POST");
  expect(asked?.path).toBe("/actions/deploy/plan");
  expect((asked?.body as JsonObject)["at"]).toBe(new Date("2026-12-24T12:00").toISOString());
});

test("weeks begin on Monday, and months follow each other over the year's end", () => {
  const { days, end } = daysOf({ year: 2026, month: 11 });
  expect([days[0], days.length, end]).toEqual([new Date(2026, 10, 30), 35, new Date(2027, 0, 4)]);
  expect(moved({ year: 2026, month: 11 }, 1)).toEqual({ year: 2027, month: 0 });
  expect(written(monthOf("2026-13", new Date(2026, 4, 1)))).toBe("2026-05");
});

test("a window is told by the part of the day that it takes", () => {
  const at = (day: number, hour: number) => new Date(2026, 11, day, hour).toISOString();
  const window = { start: at(3, 18), end: at(5, 8) };
  const told = [3, 4, 5].map((day) =>
    partOfDay(window, new Date(2026, 11, day), new Date(2026, 11, day + 1)),
  );
  expect(told).toEqual(["from 18:00", "all day", "until 08:00"]);
  expect(touching([window], new Date(2026, 11, 6), new Date(2026, 11, 7))).toEqual([]);
  const short = { start: at(3, 18), end: at(3, 20) };
  expect(partOfDay(short, new Date(2026, 11, 3), new Date(2026, 11, 4))).toBe("18:00 to 20:00");
});
