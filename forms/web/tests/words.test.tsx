/** What the page says is so, leads on, hides nothing, and says why a button does nothing. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ActionView, FormView } from "../src/api/types";
import { SignIn } from "../src/app/SignIn";
import ActionPage from "../src/pages/action/ActionPage";
import ActionsPage from "../src/pages/action/ActionsPage";
import { Emergency } from "../src/pages/action/Emergency";
import ApprovalPage from "../src/pages/approval/ApprovalPage";
import ApprovalsPage from "../src/pages/approval/ApprovalsPage";
import EntityPage from "../src/pages/entity/EntityPage";
import { WhatIf } from "../src/pages/freezes/WhatIf";
import RunsPage from "../src/pages/operate/RunsPage";
import { Statistics } from "../src/pages/operate/Statistics";
import { Exceptions } from "../src/pages/run/Exceptions";
import { UndoChoices } from "../src/pages/run/UndoChoices";
import { WaitsCard } from "../src/pages/run/WaitsCard";
import TaskPage from "../src/pages/task/TaskPage";
import { ReasonedButton } from "../src/parts/ReasonedButton";
import { exact, local } from "../src/parts/time";
import { FakeApi } from "./fake/api";
import { taskOf } from "./fake/tasks";
import * as world from "./fake/world";
import { show, visit, type Fetch } from "./render";

const ROUTES = [
  { path: "/actions", Component: ActionsPage },
  { path: "/actions/:name", Component: ActionPage },
  { path: "/approvals", Component: ApprovalsPage },
  { path: "/approvals/:id", Component: ApprovalPage },
  { path: "/entities/:kind/:name", Component: EntityPage },
  { path: "/runs", Component: RunsPage },
  { path: "/tasks/:id", Component: TaskPage },
  { path: "/numbers", Component: Statistics },
  { path: "/what-if", Component: WhatIf },
];
const link = async (name: string) => (await screen.findByRole("link", { name })).getAttribute("href");

/** Answers this at that path. */
const answering =
  (path: RegExp, answer: (before: Response) => Promise<object> | object) =>
  async (request: Request, next: Fetch): Promise<Response> => {
    const before = await next(request);
    return path.test(new URL(request.url).pathname) ? Response.json(await answer(before)) : before;
  };
const nothing = { items: [], next_cursor: null };

describe("where there is nothing", () => {
  test("to do with an entity, it is not said that there is nothing at all", async () => {
    visit("/actions?entity=person:sam", ROUTES);
    expect(await screen.findByText("Nothing can be done here")).toBeTruthy();
    expect(screen.queryByText("There are no actions yet")).toBeNull();
  });

  test("that was run, what can be run is a link", async () => {
    visit(
      "/entities/service/billing",
      ROUTES,
      undefined,
      answering(/\/runs$/, () => nothing),
    );
    expect(await link("See what can be done here")).toBe("/actions?entity=service%3Abilling");
  });

  test.each([
    ["/approvals", "See what waits for others", "/approvals?list=pending"],
    ["/approvals?list=pending", "See what was decided", "/approvals?list=decided"],
  ])("that waits at %s, the next list is a link", async (at, name, to) => {
    visit(
      at,
      ROUTES,
      undefined,
      answering(/\/approvals$/, () => nothing),
    );
    expect(await link(name)).toBe(to);
  });
});

test("who asked finds what waits for others from the inbox", async () => {
  visit("/approvals", ROUTES);
  expect(await link("My requests that wait")).toBe("/runs?mine=true&state=waiting_approval");
});

test("the way back from a task says where it leads", async () => {
  const fake = new FakeApi("sam");
  fake.tasks.set("tk_1", taskOf());
  visit("/tasks/tk_1", ROUTES, fake);
  expect(await link("My tasks")).toBe("/approvals?list=tasks");
});

test("an exception that cannot be granted or refused yet says why", async () => {
  const frozen = world.frozen("r_frozen");
  const fake = new FakeApi("sam");
  show(
    <Exceptions run={{ ...frozen, exceptions: [world.exceptionOf(frozen, "Customers cannot pay")] }} />,
    fake,
  );
  const [grant, refuse] = ["Grant", "Refuse"].map((name) =>
    screen.getByRole("button", { name: RegExp(name) }),
  );
  expect(document.getElementById(grant?.getAttribute("aria-describedby") ?? "")?.textContent).toBe(
    "Say until when it holds.",
  );
  expect(document.getElementById(refuse?.getAttribute("aria-describedby") ?? "")?.textContent).toBe(
    "Say why when you refuse it.",
  );
  await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "Not today");
  await userEvent.click(screen.getByRole("button", { name: "Refuse" }));
  await waitFor(() => expect(fake.seen.some((one) => one.path.endsWith("/decision"))).toBe(true));
});

describe("the reason of an emergency", () => {
  const action = {
    ...world.ACTIONS[0],
    break_glass: { may: { allowed: true, why_not: null }, second: null, expires_in: 900 },
  } as unknown as ActionView;
  test.each([
    [422, false],
    [503, true],
  ])("after %i stays as it was sent: %s", async (status, kept) => {
    const problem = {
      type: "about:blank",
      title: "No",
      status,
      detail: "Not so.",
      request_id: "q",
      errors: [],
    };
    const element = (
      <Emergency
        action={action}
        asked={{ entity: "service:shop", inputs: {}, version: "v" }}
        onStarted={vi.fn()}
      />
    );
    visit("/", [{ path: "*", element }], undefined, (request, next) =>
      request.method === "POST" ? Promise.resolve(Response.json(problem, { status })) : next(request),
    );
    const box = screen.getByRole<HTMLTextAreaElement>("textbox", {
      name: /Why it cannot wait/,
      hidden: true,
    });
    await userEvent.type(box, "fire");
    await userEvent.click(screen.getByRole("button", { name: "Break the glass", hidden: true }));
    expect(await screen.findByText("Not so.")).toBeTruthy();
    expect(box.disabled).toBe(kept);
  });
});

describe("signing in through the provider", () => {
  beforeEach(() => window.history.replaceState(null, "", "/runs/r_1?tab=log#L120"));
  test("leads back to the line of the log", async () => {
    const fake = new FakeApi(null);
    fake.provider = { title: "Acme", path: "/api/v1/session/oidc" };
    show(<SignIn />, fake);
    const back = new URL((await link("Sign in with Acme")) ?? "", "http://x").searchParams.get("back_to");
    expect(back).toBe("/runs/r_1?tab=log#L120");
    window.history.replaceState(null, "", "/");
  });
});

describe("characters that cannot be seen are shown", () => {
  const UNSEEN = "a\u202eb";
  const SEEN = "a⟨U+202E⟩b";
  const titled = answering(/\/actions$/, async (before) => {
    const { items } = (await before.json()) as { items: object[] };
    return { items: items.map((one) => ({ ...one, title: UNSEEN })), next_cursor: null };
  });

  test.each(["/runs", "/approvals?list=pending", "/numbers", "/what-if"])(
    "in the actions to choose from at %s",
    async (at) => {
      visit(at, ROUTES, new FakeApi("sam"), titled);
      const box = await screen.findByRole("combobox", { name: "Action" });
      await userEvent.click(box);
      expect((await screen.findAllByRole("option", { name: SEEN, hidden: true })).length).toBeGreaterThan(0);
    },
  );

  test("in why a button does nothing", () => {
    show(
      <ReasonedButton may={{ allowed: false, why_not: UNSEEN }} onClick={vi.fn()}>
        Go
      </ReasonedButton>,
    );
    expect(screen.getByText(SEEN)).toBeTruthy();
  });

  test("in why somebody may not choose what becomes of a run", () => {
    const run = world.run("r_1", "needs_attention");
    const undoing = { ends: "failed" as const, choices: ["keep" as never], said: null as never };
    show(
      <UndoChoices
        run={{ ...run, undoing, may: { ...run.may, choose: { allowed: false, why_not: UNSEEN } } }}
      />,
    );
    expect(screen.getByText(SEEN)).toBeTruthy();
  });

  test("in titles and hints of fields, and in the title of the tab", async () => {
    const field = (more: object) => ({ title: UNSEEN, description: UNSEEN, ...more });
    const properties = {
      few: field({ type: "string", enum: ["x", "y", "z", "u", "v", "w"] }),
      many: field({ type: "string" }),
      several: field({ type: "array", items: { type: "string" } }),
      inner: { type: "object", title: UNSEEN, properties: { one: { type: "string", title: "One" } } },
    };
    const remote = { "ui:options": { remote: true } };
    const pages = [
      { title: "What", form_schema: { type: "object", properties }, ui: { many: remote, several: remote } },
    ];
    const form = { action: "deploy", version: "v", entity: null, pages, data: {}, errors: [], warnings: [] };
    visit("/actions/deploy?entity=service:shop", ROUTES, undefined, async (request, next) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/form")) return Response.json(form as unknown as FormView);
      const answer = await next(request);
      if (!pathname.endsWith("/actions/deploy")) return answer;
      return Response.json({ ...(await answer.json()), title: UNSEEN });
    });
    const one = await screen.findByRole("textbox", { name: "One" });
    const whole = one.closest("form") ?? document.body;
    expect(whole.textContent).not.toContain(UNSEEN);
    expect(within(whole).getAllByText(SEEN).length).toBeGreaterThanOrEqual(7);
    expect(document.title).toBe(`${SEEN} · Daytwo`);
  });
});

describe("until when something waits", () => {
  test("is there exactly, on the approval", async () => {
    const fake = new FakeApi("sam");
    visit("/approvals/a_waiting", ROUTES, fake);
    await screen.findByRole("button", { name: "Approve" });
    const at = fake.approvals.get("a_waiting")?.expires_at ?? "";
    expect(screen.getByText(/, in 2\d hours$/).getAttribute("title")).toBe(exact(at));
  });

  test("and on the run", () => {
    const fake = new FakeApi("sam");
    const run = fake.runs.get("r_waiting");
    if (!run) throw new Error("the fake has it");
    show(<WaitsCard run={run} />, fake);
    const until = run.waits?.until ?? "";
    expect(document.body.textContent).toContain(local(until));
    expect(document.querySelector(`time[title="${exact(until)}"]`)).toBeTruthy();
  });
});
