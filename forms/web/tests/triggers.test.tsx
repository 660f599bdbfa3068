import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import EventPage from "../src/pages/triggers/EventPage";
import EventsPage from "../src/pages/triggers/EventsPage";
import TriggerPage from "../src/pages/triggers/TriggerPage";
import TriggersPage from "../src/pages/triggers/TriggersPage";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const ROUTES = [
  { path: "/triggers", Component: TriggersPage },
  { path: "/triggers/:id", Component: TriggerPage },
  { path: "/events", Component: EventsPage },
  { path: "/events/:id", Component: EventPage },
];
const sent = (fake: FakeApi) => fake.seen.filter((one) => one.method === "POST");

test("the list says what each listens to and whose it is", async () => {
  visit("/triggers", ROUTES);
  const row = (await screen.findByRole("link", { name: "Restart what does not answer" })).closest("tr");
  for (const said of ["Listens", "alertmanager", "restart", "person:ana"])
    expect(row?.textContent).toContain(said);
});

test("a trigger shows what events caused, and one is shown to it again, once", async () => {
  const { fake } = visit("/triggers/shop-down", ROUTES);
  const history = await screen.findByRole("table", { name: "What events caused" });
  expect(within(history).getByText(/less than 30m before/)).toBeTruthy();
  const [, second] = within(history).getAllByRole("button", { name: "Show it again" });
  if (second) await userEvent.click(second);
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Show it again" }));
  expect(await screen.findByText("shown to shop-down again")).toBeTruthy();
  expect(sent(fake).map((one) => [one.path, one.body])).toEqual([
    ["/triggers/shop-down/replay", { event: "e_1" }],
  ]);
  expect(sent(fake)[0]?.key).toMatch(/^\w{32}$/);
});

test("it is paused for a reason and goes on", async () => {
  const { fake } = visit("/triggers/shop-down", ROUTES);
  await userEvent.click(await screen.findByRole("button", { name: "Pause" }));
  await userEvent.type(within(screen.getByRole("dialog")).getByRole("textbox"), "too many");
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Pause" }));
  expect(await screen.findByText("Paused since 12:00 UTC: too many")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Let it go on" }));
  expect(await screen.findByRole("button", { name: "Pause" })).toBeTruthy();
  expect(sent(fake).map((one) => one.path)).toEqual([
    "/triggers/shop-down/pause",
    "/triggers/shop-down/resume",
  ]);
});

test("events are listed with what each caused, and say what they said", async () => {
  visit("/events", ROUTES, new FakeApi("sam"));
  await userEvent.click(await screen.findByRole("link", { name: "e_1" }));
  expect(await screen.findByRole("heading", { name: "What it said" })).toBeTruthy();
  const caused = screen.getByRole("table", { name: "What it caused" });
  expect(within(caused).getByRole("link", { name: "r_seed1" }).getAttribute("href")).toBe("/runs/r_seed1");
});
