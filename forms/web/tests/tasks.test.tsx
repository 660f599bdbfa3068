import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import ApprovalsPage from "../src/pages/approval/ApprovalsPage";
import "../src/pages/approval/StageForm"; // loaded already, so that no test waits for it
import RunPage from "../src/pages/run/RunPage";
import TaskPage from "../src/pages/task/TaskPage";
import { FakeApi } from "./fake/api";
import { taskOf } from "./fake/tasks";
import * as world from "./fake/world";
import { visit, type House } from "./render";

const ROUTES = [
  { path: "/tasks/:id", Component: TaskPage },
  { path: "/approvals", Component: ApprovalsPage },
  { path: "/runs/:id", Component: RunPage },
];

function open(change: Parameters<typeof taskOf>[0] = {}, path = "/tasks/tk_1"): House {
  const fake = new FakeApi("sam");
  fake.tasks.set("tk_1", taskOf(change));
  return visit(path, ROUTES, fake);
}
const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));
const sent = (house: House, what: string) =>
  house.fake.seen.filter((one) => one.path === `/tasks/tk_1/${what}`).map((one) => one.body);

describe("a task", () => {
  test("shows what is to be done as the text that it is", async () => {
    open();
    expect(await screen.findByText(/<b>by hand<\/b>/)).toBeTruthy();
    expect(document.querySelector("pre b")).toBeNull();
  });

  test("is done with what whoever does it says", async () => {
    const house = open();
    await screen.findByRole("button", { name: "It is done" });
    await userEvent.type(screen.getByRole("textbox", { name: /What you say/ }), "both lights are green");
    await press("It is done");
    expect(await screen.findByText(/done by Sam/)).toBeTruthy();
    expect(sent(house, "complete")).toEqual([{ answers: {}, words: "both lights are green" }]);
    expect(screen.queryByRole("button", { name: "It is done" })).toBeNull();
  });

  test("is not done before its form is filled in", async () => {
    const house = open({ asks: true });
    await screen.findByLabelText(/Link/);
    await press("It is done");
    expect(await screen.findByText("Link is required.")).toBeTruthy();
    expect(sent(house, "complete")).toEqual([]);
    await userEvent.type(screen.getByLabelText(/Link/), "https://a.example");
    await press("It is done");
    await waitFor(() => expect(sent(house, "complete")).toHaveLength(1));
    expect(sent(house, "complete")[0]).toMatchObject({ answers: { link: "https://a.example" } });
  });

  test("cannot be done without saying why", async () => {
    const house = open();
    await screen.findByRole("button", { name: "It cannot be done" });
    await press("It cannot be done");
    expect(screen.getByText(/Say why it cannot be done/)).toBeTruthy();
    expect(sent(house, "fail")).toEqual([]);
    await userEvent.type(screen.getByRole("textbox", { name: /What you say/ }), "no key");
    await press("It cannot be done");
    await waitFor(() => expect(sent(house, "fail")).toEqual([{ words: "no key" }]));
  });

  test("is taken, and handed over", async () => {
    const house = open();
    await screen.findByRole("button", { name: "Take it" });
    await press("Take it");
    await press(await screen.findByRole("button", { name: "Hand it over" }).then(() => "Hand it over"));
    await userEvent.type(await screen.findByRole("textbox", { name: /To whom/ }), "ben");
    const buttons = screen.getAllByRole("button", { name: "Hand it over" });
    await userEvent.click(buttons[buttons.length - 1] as HTMLElement);
    await waitFor(() => expect(sent(house, "hand-over")).toEqual([{ to: "person:ben" }]));
  });

  test("that somebody else has is taken over, and nothing else", async () => {
    const why = "person:ben has taken it. Take it over if they cannot do it.";
    const house = open({ claimed_by: "person:ben", may_do: { allowed: false, why_not: why } });
    expect(await screen.findByText(why)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "It is done" })).toBeNull();
    await press("Take it over");
    await waitFor(() => expect(sent(house, "claim")).toEqual([{ over: true }]));
  });

  test("says why the reader may not", async () => {
    open({ may_do: { allowed: false, why_not: "This is done by group:sre, and you are not one of them." } });
    expect(await screen.findByText(/you are not one of them/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: /Take/ })).toBeNull();
  });

  test("that is over shows what was left, and offers nothing", async () => {
    open({
      state: "done",
      text: "done by Sam",
      settled_by: world.person("sam"),
      left: [{ name: "link", title: "Link", value: "https://a.example/7", evidence: true }],
    });
    const link = await screen.findByRole("link", { name: /a\.example/ });
    expect(link.getAttribute("href")).toBe("https://a.example/7");
    expect(screen.queryByRole("button", { name: "It is done" })).toBeNull();
  });
});

test("the list beside the approvals shows what one may do", async () => {
  open({}, "/approvals?list=tasks");
  const link = await screen.findByRole("link", { name: "Release a service" });
  expect(link.getAttribute("href")).toBe("/tasks/tk_1");
});

test("a run and those that it calls lead to each other", async () => {
  const fake = new FakeApi("sam");
  const run = world.run("r_parent", "running", { called_by: "r_above" });
  const [step] = run.steps;
  if (!step) throw new Error("the fake has a step");
  const calls = [
    { key: "eu", run: "r_eu", state: "succeeded", text: null },
    { key: "us", run: null, state: null, text: null },
  ];
  fake.addRun({ ...run, steps: [{ ...step, path: "each", kind: "foreach", calls }] });
  visit("/runs/r_parent", ROUTES, fake);
  const eu = await screen.findByRole("link", { name: "eu" });
  expect(eu.getAttribute("href")).toBe("/runs/r_eu");
  expect(screen.getByText("not begun")).toBeTruthy();
  expect(screen.getByRole("link", { name: "r_above" }).getAttribute("href")).toBe("/runs/r_above");
});

test("the page of the run shows it and lets who may do it", async () => {
  const fake = new FakeApi("sam");
  fake.tasks.set("tk_1", taskOf());
  const run = world.run("r_task", "running");
  const [step] = run.steps;
  if (!step) throw new Error("the fake has a step");
  fake.addRun({ ...run, steps: [{ ...step, path: "switch", kind: "task", state: "running", task: "tk_1" }] });
  visit("/runs/r_task", ROUTES, fake);
  expect(await screen.findByRole("button", { name: "It is done" })).toBeTruthy();
});
