/** Asking again, narrowing the log by the address, and the run as stretches of time. */
import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { extentOf, spansOf } from "../src/pages/run/spans";
import RunPage from "../src/pages/run/RunPage";
import { FakeApi } from "./fake/api";
import { approvalOf, minutesAgo, person, run } from "./fake/world";
import { visit } from "./render";

const ROUTES = [
  { path: "/runs/:id", Component: RunPage },
  { path: "/actions/:name", element: <p>the form</p> },
];

describe("again", () => {
  test("the same is asked for with one key, and leads to the new run", async () => {
    const house = visit("/runs/r_failed", ROUTES, new FakeApi("sam"));
    await userEvent.click(await screen.findByRole("button", { name: "Run again" }));
    const dialog = screen.getByRole("dialog");
    expect(dialog.textContent).toContain("checked, approved and locked like any other");
    await userEvent.dblClick(within(dialog).getByRole("button", { name: "Run again" }));
    await waitFor(() => expect(house.at()).toMatch(/^\/runs\/r_new/));
    const asked = house.fake.seen.filter((one) => one.path === "/runs/r_failed/rerun");
    expect(new Set(asked.map((one) => one.key)).size).toBe(1);
    expect(asked[0]?.body).toEqual({ reason: "" });
  });

  test("with changes leads to the form on the same entity, with the answers of this run", async () => {
    const house = visit("/runs/r_failed", ROUTES, new FakeApi("sam"));
    await userEvent.click(await screen.findByRole("link", { name: "Run with changes" }));
    expect(house.at()).toBe("/actions/deploy?entity=service%3Ashop&from=r_failed");
  });

  test("is not offered while it goes on", async () => {
    visit("/runs/r_running", ROUTES, new FakeApi("sam"));
    await screen.findByRole("button", { name: "Cancel the run" });
    expect(screen.queryByRole("button", { name: "Run again" })).toBeNull();
    expect(screen.queryByRole("link", { name: "Run with changes" })).toBeNull();
  });
});

describe("the log", () => {
  test("begins with what is looked at; the stream brings what comes after it", async () => {
    const house = visit("/runs/r_running", ROUTES, new FakeApi("sam"));
    await screen.findByText("260 lines");
    expect(house.sources.at(-1)?.url).toBe("/api/v1/runs/r_running/events?after=260");
    const line = { number: 261, step: "ship", job: "install", text: "one more" };
    act(() => house.sources.at(-1)?.send("log", { lines: [line], next: 261 }));
    expect(await screen.findByText("261 lines")).toBeTruthy();
  });

  test("is narrowed by the address to one job and to what is looked for", async () => {
    const house = visit("/runs/r_failed?step=ship&job=test&find=skipped", ROUTES, new FakeApi("sam"));
    expect(await screen.findByText("8 lines")).toBeTruthy();
    expect(await screen.findByText("1 of 1")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Download this part" }).getAttribute("href")).toBe(
      "/api/v1/runs/r_failed/logs.txt?step=ship&job=test",
    );
    await userEvent.click(screen.getByRole("button", { name: "First error" }));
    expect(house.at()).toBe("/runs/r_failed?find=skipped#L262");
    await userEvent.click(screen.getByRole("tab", { name: "Timeline" }));
    await userEvent.click(screen.getByRole("tab", { name: "Log" }));
    expect(house.at()).toBe("/runs/r_failed?find=skipped");
  });
});

describe("the timeline", () => {
  test("shows waiting and work one after the other, on one scale", () => {
    const asked = run("r_x", "succeeded", { created_at: minutesAgo(20), started_at: minutesAgo(7) });
    const by = { by: person("sam"), verdict: "approve" as const, comment: null, at: minutesAgo(10) };
    const approval = approvalOf(asked, "a_x", { state: "approved", decisions: [by as never] });
    const spans = spansOf({ ...asked, approvals: [approval] });
    expect(spans.map(({ name, waits, depth }) => [name, waits, depth])).toEqual([
      ["Approval", true, 0],
      ["Window and lock", true, 0],
      ["ship", false, 0],
      ["test", false, 1],
      ["install", false, 1],
      ["check", false, 1],
      ["switch", false, 1],
    ]);
    const minutes = spans.map(({ start, end }) => Math.round(((end ?? 0) - start) / 60_000));
    expect(minutes.slice(0, 3)).toEqual([10, 3, 5]);
    expect(extentOf(spans, Date.now()).end - extentOf(spans, Date.now()).start).toBe(18 * 60_000);
  });

  test("a step that only waits is drawn as waiting, and has no log", () => {
    const [ship] = run("r_x", "running").steps;
    if (!ship) throw new Error("the example run has a step");
    const night = { ...ship, path: "night", kind: "wait", jobs: [], attempts: [] };
    const [, span] = spansOf({ ...run("r_x", "running"), steps: [night] });
    expect([span?.name, span?.waits, span?.part]).toEqual(["night", true, null]);
  });

  test("what goes on has no end, and a run that was rejected has waited for nothing but the decision", () => {
    expect(spansOf(run("r_x", "running")).find((span) => span.name === "install")?.end).toBeNull();
    const asked = run("r_y", "rejected");
    const approval = approvalOf(asked, "a_y", { state: "rejected" });
    const names = spansOf({ ...asked, ended_at: asked.created_at, approvals: [approval] }).map(
      (one) => one.name,
    );
    expect(names).toEqual(["Approval"]);
  });

  test("moves with what the stream says: a bar that is open grows by the clock, ends, and the next begins", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
    const house = visit("/runs/r_running?tab=timeline", ROUTES, new FakeApi("sam"));
    await vi.waitFor(() => expect(screen.getByText(/in all, of which/)).toBeTruthy());
    const bars = () =>
      screen.getAllByRole("listitem").flatMap((row) => {
        const bar = row.querySelector<HTMLElement>("[data-tone][style]");
        const name = row.firstElementChild?.lastElementChild?.textContent;
        return bar ? [[name, bar.dataset["tone"], bar.dataset["open"] ?? "ended"] as const] : [];
      });
    /** In seconds, as it says beside the bar: "5 min 11 s, from 3 min after the request". */
    const took = (name: string) => {
      const said = screen.getByRole("link", { name }).closest("li")?.lastElementChild?.textContent ?? "";
      const [, minutes = "0", seconds = "0"] = /^(?:(\d+) min)? ?(?:(\d+) s)?, from/.exec(said) ?? [];
      return Number(minutes) * 60 + Number(seconds);
    };
    expect(bars()).toEqual([
      ["Window and lock", "quiet", "ended"],
      ["ship", "active", "true"],
      ["test", "good", "ended"],
      ["install", "active", "true"],
    ]);
    const begun = took("install");
    expect(begun).toBeGreaterThan(299);
    act(() => vi.advanceTimersByTime(30_000));
    expect([took("install"), took("test")]).toEqual([begun + 30, 30]);

    const seen = house.fake.runs.get("r_running");
    if (!seen) throw new Error("the fake has this run");
    const now = new Date().toISOString();
    const [ship] = seen.steps;
    if (!ship) throw new Error("the example run has a step");
    const jobs = ship.jobs.map((job) => ({
      ...job,
      ...(job.name === "install" ? { status: "succeeded" as const, ended_at: now } : {}),
      ...(job.name === "check" ? { status: "running" as const, started_at: now } : {}),
    }));
    act(() => house.sources.at(-1)?.send("run", { ...seen, steps: [{ ...ship, jobs }] }));
    await vi.waitFor(() =>
      expect(bars().slice(3)).toEqual([
        ["install", "good", "ended"],
        ["check", "active", "true"],
      ]),
    );
    act(() => vi.advanceTimersByTime(60_000));
    expect([took("install"), took("check")]).toEqual([begun + 30, 60]);
    act(() => house.sources.at(-1)?.send("run", run("r_running", "succeeded")));
    await vi.waitFor(() => expect(bars().map(([, , open]) => open)).toEqual(Array(6).fill("ended")));
  });

  test("says in words what its bars show, and leads to the log of a job", async () => {
    const house = visit("/runs/r_seed1?tab=timeline", ROUTES, new FakeApi("sam"));
    expect(await screen.findByText(/in all, of which .* were waiting/)).toBeTruthy();
    const row = screen.getByRole("link", { name: "install" }).closest("li");
    expect(row?.textContent).toMatch(/30 s, from 3 min after the request/);
    await userEvent.click(screen.getByRole("link", { name: "install" }));
    expect(house.at()).toBe("/runs/r_seed1?step=ship&job=install");
  });
});
