import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import type { ReviewView } from "../src/api/types";
import ApprovalPage from "../src/pages/approval/ApprovalPage";
import { EmergencyCard } from "../src/pages/run/EmergencyCard";
import { FakeApi } from "./fake/api";
import { person, run } from "./fake/world";
import { show, visit } from "./render";

const ROUTES = [{ path: "/approvals/:id", Component: ApprovalPage }];

function waiting(change: object): FakeApi {
  const fake = new FakeApi("sam");
  const approval = fake.approvals.get("a_waiting");
  if (!approval) throw new Error("the fake has an approval that waits");
  fake.approvals.set("a_waiting", { ...approval, ...change });
  return fake;
}

describe("what stands beside a sealed plan", () => {
  test("a value that has changed since is shown old and new, with what follows", async () => {
    const read = [{ field: "entity.properties.repository", before: "acme/shop", after: "acme/next" }];
    visit("/approvals/a_waiting", ROUTES, waiting({ read }));
    expect(await screen.findByText("It is not as it was sealed")).toBeTruthy();
    expect(screen.getAllByText("acme/next").length).toBeGreaterThan(0);
  });

  test("the pipeline's difference comes by itself and may be missing with a reason", async () => {
    const fake = waiting({});
    const change = {
      step: "ship",
      connection: "github",
      project: "acme/shop",
      pipeline: "deploy.yml",
      commit: "b".repeat(40),
      previous_run: "r_seed1",
      previous_commit: "a".repeat(40),
      changed: true,
      diff: "--- a\n+++ b\n-  a: 1\n+  a: 2",
      cut: false,
      why_not: null,
    };
    fake.pipelineChanges.set("a_waiting", [
      change,
      { ...change, step: "test", pipeline: "test.yml", diff: null, why_not: "GitHub does not answer." },
    ]);
    visit("/approvals/a_waiting", ROUTES, fake);
    expect((await screen.findByText("+ a: 2", { exact: false })).tagName).toBe("INS");
    expect(screen.getByText("GitHub does not answer.", { exact: false })).toBeTruthy();
    expect(screen.getByRole("button", { name: "Approve" })).toBeTruthy();
  });

  test("who confirms an emergency is told that it is one", async () => {
    visit("/approvals/a_waiting", ROUTES, waiting({ break_glass: true }));
    expect(await screen.findByText(/An emergency: your approval/)).toBeTruthy();
  });
});

describe("an emergency", () => {
  const review: ReviewView = {
    run: "r_1",
    action: "deploy",
    action_title: "Deploy a service",
    entity: "service:shop",
    requester: person("ana"),
    comment: "it is down",
    state: "succeeded",
    second: "group:platform",
    confirmed_by: [person("sam")],
    past: ["group:finance"],
    needed_from: ["group:finance"],
    opened_at: "2026-01-01T00:00:00Z",
    reminded: 0,
    closed_at: null,
    closed_by: null,
    words: null,
    may_close: { allowed: true, why_not: null },
  };

  test("a review is closed with words only", async () => {
    const house = show(<EmergencyCard run={run("r_1", "succeeded", { break_glass: true, review })} />);
    expect(screen.getByText(/Confirmed by Sam/)).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Close the review" }));
    expect(screen.getByText("Say what you found.")).toBeTruthy();
    await userEvent.type(screen.getByRole("textbox"), "disk was full");
    await userEvent.click(screen.getByRole("button", { name: "Close the review" }));
    const sent = house.fake.seen.filter((one) => one.path === "/reviews/r_1/close");
    expect(sent.map((one) => one.body)).toEqual([{ words: "disk was full" }]);
  });

  test("without a second person it is said", () => {
    const alone = { ...review, second: null, confirmed_by: [] };
    show(<EmergencyCard run={run("r_1", "succeeded", { break_glass: true, review: alone })} />);
    expect(screen.getByText(/Nobody confirmed it/)).toBeTruthy();
  });
});
