import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import ActionPage from "../src/pages/action/ActionPage";
import RunPage from "../src/pages/run/RunPage";
import { usualRange } from "../src/parts/time";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const ROUTES = [
  { path: "/actions/:name", Component: ActionPage },
  { path: "/runs/:id", Component: RunPage },
];
const about = () => screen.findByRole("region", { name: "About this action" });
const fact = (card: HTMLElement, name: string) =>
  within(card).getByText(name).nextElementSibling?.textContent;

test("an action says whose it is, who is asked, what it does where, and how it usually goes", async () => {
  visit("/actions/deploy?entity=service:shop", ROUTES);
  const card = await about();
  await within(card).findByText("9 of the last 10 runs succeeded");
  expect(
    ["Owner", "Done to", "Run by", "Approved by", "What it does", "Lock", "Undo", "Usually"].map((name) =>
      fact(card, name),
    ),
  ).toEqual([
    "group:platform",
    "one service",
    "the owner of the service or group:sre",
    "one of group:sre, within 24 h, or it expireswhen ${{ inputs.environment.name == 'production' }}",
    "ship: GitHub (github)deploy.yml · ${{ entity.properties.repository }} at main",
    "${{ entity.name }}/${{ inputs.environment.name }}",
    "goes back to what the earlier run here had",
    "3–5 min9 of the last 10 runs succeeded",
  ]);
  const links = ["Its runs", "Its schedules"].map((name) => within(card).getByRole("link", { name }));
  expect(links.map((link) => link.getAttribute("href"))).toEqual([
    "/runs?action=deploy",
    "/schedules?action=deploy",
  ]);
});

test("what an action has not is said, also to who may not run it", async () => {
  const fake = new FakeApi();
  fake.usual = { runs: 0, succeeded: 0, quick_seconds: null, slow_seconds: null };
  visit("/actions/restart?entity=service:shop", ROUTES, fake);
  const card = await about();
  await within(card).findByText(/no run of the last 30 days has ended/);
  expect(["Approved by", "Lock", "Undo"].map((name) => fact(card, name))).toEqual([
    "nobody: it goes ahead as soon as it is sent",
    "none: several runs may go on at the same time",
    "none: it does not say how",
  ]);
});

test("a run tells how long the others took, where there are enough of them", async () => {
  const fake = new FakeApi("sam");
  visit("/runs/r_seed1", ROUTES, fake);
  expect(await screen.findByText(/usually 3–5 min/)).toBeTruthy();
  expect(fact(screen.getByRole("region", { name: "About" }), "Duration")).toBe("5 min, usually 3–5 min");
});

test("of too few nothing is said", async () => {
  const fake = new FakeApi("sam");
  fake.usual = { runs: 4, succeeded: 4, quick_seconds: null, slow_seconds: null };
  visit("/runs/r_seed1", ROUTES, fake);
  await screen.findByText(/succeeded in 5 min/);
  await Promise.resolve();
  expect(screen.queryByText(/usually/)).toBeNull();
});

test.each([
  [2, 40, "2–40 s"],
  [190, 300, "3–5 min"],
  [300, 310, "5 min"],
  [30, 150, "1–3 min"],
  [3600, 3 * 3600, "1–3 h"],
  [null, null, null],
])("%s to %s s is %s", (quick, slow, said) => expect(usualRange(quick, slow)).toBe(said));
