import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { JobView } from "../src/api/types";
import ConnectionsPage from "../src/pages/ConnectionsPage";
import RunPage from "../src/pages/run/RunPage";
import { FakeApi } from "./fake/api";
import { CONNECTIONS, GATE, run } from "./fake/world";
import { visit, type House } from "./render";

const RUN = [{ path: "/runs/:id", Component: RunPage }];

const node = (id: string, change: Partial<JobView> = {}): JobView => ({
  id,
  name: id,
  status: "succeeded",
  detail: "",
  url: null,
  started_at: null,
  ended_at: null,
  kind: "job",
  parent: null,
  gate: null,
  notes: [],
  steps: [],
  ...change,
});

function open(change: Partial<ReturnType<typeof run>>): House {
  const fake = new FakeApi("sam");
  fake.addRun(run("r_tree", "running", change));
  return visit("/runs/r_tree", RUN, fake);
}

test("a tree is nested, and of hundreds that went well their number is shown", async () => {
  const [step] = run("r_tree", "running").steps;
  if (!step) throw new Error("the example run has a step");
  const jobs = [
    node("wave", { kind: "group", status: "running" }),
    ...Array.from({ length: 300 }, (_, index) => node(`calm-${index}`, { parent: "wave" })),
    node("hot", { parent: "wave", status: "running" }),
    node("lost", { parent: "nowhere" }),
    node("self", { parent: "self", kind: "group" }),
  ];
  open({ steps: [{ ...step, jobs }] });
  const wave = (await screen.findByText("wave")).closest("li");
  if (!wave) throw new Error("a node is an item of a list");
  expect(within(wave).getByText("hot")).toBeTruthy();
  expect(within(wave).getByText("300 more that went well").closest("details")?.open).toBe(false);
  expect(within(wave).queryByText("lost")).toBeNull();
  expect(screen.getByText("lost")).toBeTruthy();
  expect(screen.getByText("self")).toBeTruthy();
});

test("a job that failed says what the CI system notes on it, as text", async () => {
  const [step] = run("r_tree", "running").steps;
  if (!step) throw new Error("the example run has a step");
  const notes = ["the setting CART_URL is missing", "<b>exit code 3</b>"];
  open({ steps: [{ ...step, jobs: [node("ship", { status: "failed", notes })] }] });
  const note = await screen.findByText("the setting CART_URL is missing");
  expect(note.closest("details")?.open).toBe(true);
  expect(screen.getByText("<b>exit code 3</b>")).toBeTruthy();
});

test("a gate says where it waits, and is answered once and after a question", async () => {
  const house = open({ gates: [GATE] });
  expect(await screen.findByText(/^Waits in Argo Workflows for somebody to resume it/)).toBeTruthy();
  expect(screen.getByRole("button", { name: /^Stop/ }).getAttribute("aria-disabled")).toBe("true");
  await userEvent.click(screen.getByRole("button", { name: "Resume" }));
  const dialog = screen.getByRole("dialog");
  expect(house.fake.seen.filter((one) => one.method === "POST")).toEqual([]);
  await userEvent.type(within(dialog).getByRole("textbox"), "fine");
  await userEvent.click(within(dialog).getByRole("button", { name: "Resume" }));
  const [sent] = house.fake.seen.filter((one) => one.method === "POST");
  expect(sent?.path).toBe("/runs/r_tree/gates/g_1");
  expect(sent?.body).toEqual({ verdict: "go", comment: "fine" });
  expect(sent?.key).toBeTruthy();
});

test("a connection says what is left, and until when it is left alone", async () => {
  visit("/connections", [{ path: "/connections", Component: ConnectionsPage }]);
  expect(await screen.findByText("Asked us to wait")).toBeTruthy();
  const page = document.body.textContent ?? "";
  expect(page).toContain("Requests of the worker that polls, in the last hour"); // others count theirs; the limit below is of all
  expect(page).toContain("2,390 of the 2,500 an hour");
  expect(page).toContain("3,120 of 5,000 requests left");
  expect(page).toContain("1,000 in 20 repositories");
  expect(CONNECTIONS).toHaveLength(1);
  expect(screen.queryByText("Webhooks received")).toBeNull(); // for administrators
});
