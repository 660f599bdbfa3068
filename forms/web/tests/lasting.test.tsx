/** What is temporary: extended and given back on the page of its run and of its entity. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import type { EntityView, LastsView, RunView, StepView } from "../src/api/types";
import EntityPage from "../src/pages/entity/EntityPage";
import RunPage from "../src/pages/run/RunPage";
import { forField } from "../src/parts/time";
import { FakeApi } from "./fake/api";
import { minutesAgo, no, run } from "./fake/world";
import { visit, type House } from "./render";

const ROUTES = [
  { path: "/runs/:id", Component: RunPage },
  { path: "/entities/:kind/:name", Component: EntityPage },
];
const UNTIL = minutesAgo(-120);
const LASTS: LastsView = {
  until: UNTIL,
  latest: minutesAgo(-480),
  extend: { allowed: true, why_not: null },
  ask: { allowed: true, why_not: null },
  give_back: { allowed: true, why_not: null },
};

function lasting(lasts: Partial<LastsView> = {}): RunView {
  const seen = run("r_lasts", "running", {
    waits: {
      kind: "timer",
      text: "lasts until 14:00 UTC; then it is taken back",
      owner: "daytwo",
      next_event: "its end, or somebody gives it back",
      until: UNTIL,
      then: "what the run has done is undone",
      url: null,
    },
  });
  const [ship] = seen.steps;
  const access: StepView = {
    ...(ship as StepView),
    ...{ path: "access", kind: "temporary", attempts: [], jobs: [], due_at: UNTIL },
    lasts: { ...LASTS, ...lasts },
  };
  return { ...seen, steps: [access] };
}

/** The fake with such a run; what is asked of its step is kept and answered with the run. */
function open(path: string, seen: RunView = lasting()): House & { asked: [string, unknown][] } {
  const fake = new FakeApi("sam");
  fake.addRun(seen);
  const asked: [string, unknown][] = [];
  const house = visit(path, ROUTES, fake, async (request, next) => {
    const step = /\/runs\/r_lasts\/steps\/access\/(\w+)$/.exec(request.url);
    if (step) {
      asked.push([step[1] ?? "", await request.json()]);
      return Response.json(seen);
    }
    if (!request.url.endsWith("/entities/service/shop")) return next(request);
    const entity = (await (await next(request)).json()) as EntityView;
    const { lasts } = seen.steps[0] as StepView;
    const one = { run: "r_lasts", action: "access", step: "access", until: UNTIL, text: "until 14:00 UTC" };
    return Response.json({ ...entity, temporary: [{ ...one, lasts }] });
  });
  return { ...house, asked };
}

describe.each(["/runs/r_lasts", "/entities/service/shop"])("on %s", (path) => {
  test("it is given back, with a reason", async () => {
    const house = open(path);
    await userEvent.click(await screen.findByRole("button", { name: "Give it back" }));
    const dialog = screen.getByRole("dialog");
    expect(dialog.textContent).toContain("takes back what it has done");
    await userEvent.type(within(dialog).getByRole("textbox", { name: "Reason" }), "done");
    await userEvent.click(within(dialog).getByRole("button", { name: "Give it back" }));
    await waitFor(() => expect(house.asked).toEqual([["end", { reason: "done" }]]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("it lasts longer, and only longer", async () => {
    const house = open(path);
    await userEvent.click(await screen.findByRole("button", { name: "Extend" }));
    const dialog = screen.getByRole("dialog");
    const extend = within(dialog).getByRole("button", { name: "Extend" });
    expect(extend).toHaveProperty("disabled", true);
    const later = forField(minutesAgo(-240));
    const field = within(dialog).getByLabelText(/New end/);
    expect(field.getAttribute("max")).toBe(forField(LASTS.latest ?? ""));
    await userEvent.clear(field);
    await userEvent.type(field, later);
    await userEvent.click(extend);
    await waitFor(() =>
      expect(house.asked).toEqual([["extend", { until: new Date(later).toISOString(), comment: "" }]]),
    );
  });

  test("who asked for the run asks others that it lasts longer", async () => {
    const house = open(path, lasting({ extend: no("Who asked for the run does not extend it.") }));
    await userEvent.click(await screen.findByRole("button", { name: "Ask for longer" }));
    const dialog = screen.getByRole("dialog");
    const later = forField(minutesAgo(-240));
    await userEvent.clear(within(dialog).getByLabelText(/New end/));
    await userEvent.type(within(dialog).getByLabelText(/New end/), later);
    await userEvent.click(within(dialog).getByRole("button", { name: "Ask for longer" }));
    await waitFor(() =>
      expect(house.asked).toEqual([["extension", { until: new Date(later).toISOString() }]]),
    );
  });

  test("who may not is told why", async () => {
    const house = open(
      path,
      lasting({
        extend: no("It is extended by group:sre."),
        ask: no("Only who asked for the run can do this."),
      }),
    );
    const extend = await screen.findByRole("button", { name: /Extend/ });
    expect(extend.textContent).toContain("It is extended by group:sre.");
    await userEvent.click(extend);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(house.asked).toEqual([]);
  });
});
