/** A run of several steps: what it calls, what it waits for, and what is taken back. */
import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import type { RunView, StepView } from "../src/api/types";
import { spansOf, waitedOf } from "../src/pages/run/spans";
import RunPage from "../src/pages/run/RunPage";
import { FakeApi } from "./fake/api";
import { approvalOf, minutesAgo, person, planDocument, run } from "./fake/world";
import { visit } from "./render";

const ROUTES = [{ path: "/runs/:id", Component: RunPage }];
const [SHIP] = run("r_x", "running").steps as [StepView];
const step = (path: string, change: Partial<StepView>): StepView => ({
  ...SHIP,
  ...{ path, uses: change.kind ?? "dispatch", attempts: [], jobs: [], needs: null, log_note: null },
  ...change,
});

function open(steps: StepView[], change: Partial<RunView> = {}): void {
  const fake = new FakeApi("sam");
  fake.addRun({ ...run("r_book", "running", change), steps });
  visit("/runs/r_book", ROUTES, fake);
}
const called = (
  key: string,
  state: string | null,
  id: string | null = `r_${key}`,
  text: string | null = null,
) => ({
  key,
  run: id,
  state,
  text,
});

describe("a list of items", () => {
  test("is counted by what became of them; what went wrong stands open with why, the rest folded", async () => {
    const well = Array.from({ length: 7 }, (_, index) => called(`ok${index}`, "succeeded"));
    const bad = called("eu", "failed", "r_eu", "the pipeline failed");
    const unbegun = Array.from({ length: 6 }, (_, index) => called(`later${index}`, null, null));
    open([step("each", { kind: "foreach", calls: [...well, bad, called("us", null), ...unbegun] })]);
    expect(await screen.findByText("7 succeeded, 1 went wrong, 1 goes on, 6 not begun")).toBeTruthy();
    const item = screen.getByRole("link", { name: "eu" }).closest("li") as HTMLElement;
    expect(within(item).getByText("Failed")).toBeTruthy();
    expect(within(item).getByText("the pipeline failed")).toBeTruthy();
    expect(item.closest("details")).toBeNull();
    expect(screen.getByRole("link", { name: "us" }).closest("details")).toBeNull();
    const folded = screen.getByText("7 more that went well").closest("details") as HTMLElement;
    expect(within(folded).getAllByRole("listitem", { hidden: true })).toHaveLength(7);
    expect(screen.getByText("6 that have not begun").closest("details")).toBeTruthy();
  });
});

test("waves are told one by one: the one that it has come to stands open", async () => {
  const inWave = (wave: number, one: ReturnType<typeof called>, check = false) => ({ ...one, wave, check });
  open([
    step("each", {
      kind: "foreach",
      calls: [
        inWave(1, called("canary", "succeeded")),
        inWave(1, called("after-1", "succeeded"), true),
        inWave(2, called("eu", "succeeded")),
        inWave(2, called("us", null)),
        inWave(3, called("asia", null, null)),
      ],
    }),
  ]);
  expect(await screen.findByText("2 succeeded, 1 goes on, 1 not begun")).toBeTruthy();
  const waves = [1, 2, 3].map((number) => screen.getByText(new RegExp(`^Wave ${number} of 3`)));
  expect(waves.map((one) => one.textContent)).toEqual([
    "Wave 1 of 3: 1 succeeded",
    "Wave 2 of 3: 1 succeeded, 1 goes on",
    "Wave 3 of 3: 1 not begun",
  ]);
  expect(waves.map((one) => one.closest("details")?.open)).toEqual([false, true, false]);
  expect(screen.getByText("· the check after its wave").closest("li")?.textContent).toContain("after-1");
});

describe("what is taken back", () => {
  test("stands apart, with what it takes back and who said so", async () => {
    const said = [{ choice: "undo" as const, by: person("sam"), reason: "half of it", at: minutesAgo(1) }];
    open(
      [
        step("ship", { state: "failed" }),
        step("ship.undo", { undoes: "ship", state: "running", text: "github says: in_progress" }),
      ],
      { undoing: { ends: "failed", choices: [], said } },
    );
    expect(await screen.findByRole("heading", { name: "What is taken back" })).toBeTruthy();
    expect(screen.getByText("takes back ship")).toBeTruthy();
    expect(screen.getByText(/: Undo it/).textContent).toMatch(/Sam: Undo it .* half of it/);
  });

  test("stands in the sealed plan: what would, and what cannot be", async () => {
    const plan = planDocument("r_book", "ana", {});
    const undo = plan.steps.map((one) => ({ ...one, path: "ship.undo", pipeline: "revoke.yml" }));
    const fake = new FakeApi("sam");
    const sealed = { ...plan, undo, stays: ["mail"], on_error: "undo", cause: { kind: "run", name: "r_0" } };
    fake.addRun(run("r_book", "running", { plan: sealed as unknown as RunView["plan"] }));
    visit("/runs/r_book?tab=plan", ROUTES, fake);
    expect(await screen.findByText(/taken back by itself, the last first/)).toBeTruthy();
    expect(screen.getByText("revoke.yml")).toBeTruthy();
    expect(screen.getByText("Cannot be taken back: mail.")).toBeTruthy();
    expect(screen.getByText("r_0")).toBeTruthy();
  });
});

test("answers, the sealed plan, decisions and catalog changes are a tab away, and the address keeps which", async () => {
  const fake = new FakeApi("sam");
  const seen = run("r_book", "succeeded");
  const by = { by: person("sam"), verdict: "approve" as const, comment: "looks right", at: minutesAgo(3) };
  fake.addRun({
    ...seen,
    approvals: [approvalOf(seen, "a_book", { state: "approved", decisions: [by as never] })],
  });
  const house = visit("/runs/r_book", ROUTES, fake);
  await userEvent.click(await screen.findByRole("tab", { name: "Plan and answers" }));
  expect(screen.getByText("The basket counts twice")).toBeTruthy();
  expect(screen.getByText("deploy.yml")).toBeTruthy();
  await userEvent.click(screen.getByRole("tab", { name: /^Approvals/ }));
  expect(screen.getByText("looks right")).toBeTruthy();
  await userEvent.click(screen.getByRole("tab", { name: /^Catalog changes/ }));
  expect(screen.getByRole("row", { name: /version 1\.0\.0/ }).textContent).toContain("1.1.0");
  expect(house.at()).toBe("/runs/r_book?tab=catalog");
});

describe("steps that wait", () => {
  test.each(["task", "input", "wait", "check", "temporary"])("%s is drawn as waiting", (kind) => {
    const spans = spansOf({ ...run("r_x", "running"), steps: [step("one", { kind })] });
    expect(spans.find((span) => span.key === "step one")?.waits).toBe(true);
  });

  test("side by side count once", () => {
    const times = (from: number, to: number) => ({ started_at: minutesAgo(from), ended_at: minutesAgo(to) });
    const steps = [
      step("one", { kind: "wait", ...times(6, 3) }),
      step("two", { kind: "task", ...times(5, 2) }),
      step("three", { kind: "dispatch", ...times(6, 1) }),
    ];
    const spans = spansOf({ ...run("r_x", "running"), created_at: minutesAgo(7), steps });
    expect(Math.round(waitedOf(spans, Date.now()) / 60_000)).toBe(4);
  });

  test("say until when, what they come after, and where a task is done", async () => {
    open([
      step("pause", {
        kind: "wait",
        state: "running",
        text: "waits until 14:00 UTC",
        due_at: minutesAgo(-61),
      }),
      step("next", { state: "pending", text: "pending", started_at: null, needs: ["pause", "other"] }),
      step("hands", { kind: "task", state: "succeeded", text: "done by Sam", task: "tk_1" }),
    ]);
    const pause = (await screen.findByText(/waits until 14:00 UTC/, { selector: "p" })) as HTMLElement;
    expect(pause.textContent).toContain("in 1 hour");
    expect(screen.getByText("after pause, other")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Task" }).getAttribute("href")).toBe("/tasks/tk_1");
  });
});

test.each([
  ["report", "Reported by the run itself."],
  ["answer", "The service answered so."],
  ["event", "An event said so."],
  ["person", "Somebody filled it in."],
  ["run", "The run that it called left it."],
] as const)("results that came by %s say so", async (source, words) => {
  open([step("one", { outputs: { size: 3 }, outputs_source: source })]);
  expect(await screen.findByText(words)).toBeTruthy();
});
