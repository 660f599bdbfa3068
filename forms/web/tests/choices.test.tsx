/** Choices belong to one form: fields of one name in two forms offer different things. */
import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Link } from "react-router";
import ActionPage from "../src/pages/action/ActionPage";
import ApprovalPage from "../src/pages/approval/ApprovalPage";
import "../src/pages/approval/StageForm"; // loaded already, so that no test waits for it
import TaskPage from "../src/pages/task/TaskPage";
import { FakeApi } from "./fake/api";
import { taskOf } from "./fake/tasks";
import { visit, type Fetch } from "./render";

const PLACES = {
  "the shop": "/actions/deploy?entity=service:shop",
  "the billing": "/actions/deploy?entity=service:billing",
  "another action": "/actions/restart?entity=service:shop",
  "an approval": "/approvals/a_waiting",
  "a task": "/tasks/tk_1",
  "another task": "/tasks/tk_2",
};
const anywhere = Object.entries(PLACES).map(([name, to]) => (
  <Link key={to} to={to}>
    {name}
  </Link>
));
const ROUTES = [
  { path: "/", element: anywhere },
  { path: "/actions/:name", element: [...anywhere, <ActionPage key="page" />] },
  { path: "/approvals/:id", element: [...anywhere, <ApprovalPage key="page" />] },
  { path: "/tasks/:id", element: [...anywhere, <TaskPage key="page" />] },
];

/** Every form asks for the same field, and each server offers one thing: what it was asked for. */
async function serve(request: Request, next: Fetch): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith("/form")) {
    const form_schema = { type: "object", properties: { version: { type: "string", title: "Version" } } };
    const pages = [{ title: "What", form_schema, ui: { version: { "ui:options": { remote: true } } } }];
    return Response.json({
      action: "x",
      version: "v",
      entity: null,
      pages,
      data: {},
      errors: [],
      warnings: [],
    });
  }
  const [, what, name] = /\/(\w+)\/([^/]+)\/options\/version$/.exec(pathname) ?? [];
  if (!what) return next(request);
  const { entity } = (await request.json()) as { entity?: string };
  const title = `of ${[what, name, entity].filter(Boolean).join(" ")}`;
  return Response.json({ options: [{ value: title, title, detail: null }], next_cursor: null });
}

test("each form offers its own, also when another one with the same field was looked at before", async () => {
  const fake = new FakeApi("sam");
  for (const id of ["tk_1", "tk_2"]) fake.tasks.set(id, taskOf({ id, asks: true }));
  const approval = fake.approvals.get("a_waiting");
  if (!approval) throw new Error("the fake has this approval");
  fake.approvals.set("a_waiting", { ...approval, asks: [{ name: "version", title: "Version" }] });
  visit("/", ROUTES, fake, serve);
  const offered: string[][] = [];
  for (const name of Object.keys(PLACES)) {
    await userEvent.click(screen.getByRole("link", { name }));
    await userEvent.click(await screen.findByRole("combobox", { name: "Version" }));
    const options = await screen.findAllByRole("option");
    offered.push(options.map((option) => option.textContent));
  }
  expect(offered).toEqual([
    ["of actions deploy service:shop"],
    ["of actions deploy service:billing"],
    ["of actions restart service:shop"],
    ["of approvals a_waiting"],
    ["of tasks tk_1"],
    ["of tasks tk_2"],
  ]);
});
