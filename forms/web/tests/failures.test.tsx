/** What could not be read is never shown as if there were nothing, and has its request's id and a way to try again. */
import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ApiError } from "../src/api/problem";
import { Shell } from "../src/app/Shell";
import { LogTools } from "../src/log/LogTools";
import ActionPage from "../src/pages/action/ActionPage";
import ApprovalPage from "../src/pages/approval/ApprovalPage";
import ApprovalsPage from "../src/pages/approval/ApprovalsPage";
import ConnectionsPage from "../src/pages/ConnectionsPage";
import EntitiesPage from "../src/pages/entity/EntitiesPage";
import EntityPage from "../src/pages/entity/EntityPage";
import { FakeApi } from "./fake/api";
import { show, visit } from "./render";

const PROBLEM = {
  ...{ type: "about:blank", title: "Away", status: 503, detail: "The store is away." },
  ...{ request_id: "q_503", errors: [] },
};
const ROUTES = [
  { path: "/entities", Component: EntitiesPage },
  { path: "/entities/:kind/:name", Component: EntityPage },
  { path: "/actions/:name", Component: ActionPage },
  { path: "/approvals", Component: ApprovalsPage },
  { path: "/approvals/:id", Component: ApprovalPage },
  { path: "/connections", Component: ConnectionsPage },
  { path: "/", Component: Shell, children: [{ path: "runs", element: <h1>Here</h1> }] },
];

async function openDeliveries(): Promise<void> {
  const [summary] = await screen.findAllByText("Webhooks received");
  const details = summary?.closest("details");
  if (!details) throw new Error("deliveries are folded away");
  details.open = true;
  fireEvent(details, new Event("toggle"));
}

async function typeInPalette(): Promise<void> {
  await screen.findByRole("heading", { name: "Here" });
  fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  const box = await screen.findByRole("combobox", { name: "Go to anything" });
  fireEvent.change(box, { target: { value: "zebra" } });
}

async function openChoices(): Promise<void> {
  await userEvent.click(await screen.findByRole("combobox", { name: "Version" }));
}

const nothing = () => Promise.resolve();

test.each([
  ["locks of an entity", "/entities/service/billing", /\/locks$/, "There is no lock", nothing],
  ["who is on call", "/entities/service/billing", /\/on-call$/, "Nobody is on call", nothing],
  ["exceptions that wait", "/approvals", /\/exceptions$/, "There is no exception", nothing],
  ["counts of entities", "/entities", /\/facets$/, "0 fit", nothing],
  ["deliveries", "/connections", /\/webhooks$/, "Without webhooks", openDeliveries],
  [
    "what is looked for in the palette",
    "/runs",
    /\/entities\/search$/,
    "Nothing is called that",
    typeInPalette,
  ],
  [
    "choices of a field",
    "/actions/deploy?entity=service:shop",
    /\/options\//,
    "Nothing matches",
    openChoices,
  ],
  ["pipeline files", "/approvals/a_waiting", /\/pipelines$/, "the same file", nothing],
])("%s", async (_, address, path, untrue, opens) => {
  let away = true;
  visit(address, ROUTES, new FakeApi("sam"), (request, next) =>
    away && path.test(new URL(request.url).pathname)
      ? Promise.resolve(Response.json(PROBLEM, { status: 503 }))
      : next(request),
  );
  await opens();
  expect(await screen.findByText("The store is away.")).toBeTruthy();
  expect(screen.getByText("q_503")).toBeTruthy();
  expect(screen.queryByText(new RegExp(untrue))).toBeNull();
  away = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.queryByText("The store is away.")).toBeNull());
});

test("a search in the log that failed", async () => {
  const again = vi.fn();
  const search = {
    ...{ typed: "x", type: vi.fn(), find: "x", at: 0, of: 0, whole: false, busy: false, current: null },
    ...{ notSearched: 0, failed: new ApiError({ ...PROBLEM, request_id: "q_503" }), step: vi.fn(), again },
  };
  show(
    <LogTools
      search={search}
      parts={[]}
      part={null}
      onPart={vi.fn()}
      times={false}
      onTimes={vi.fn()}
      follow={null}
      onFollow={vi.fn()}
      onFirstError={null}
      downloadUrl="/log"
      count="0"
    />,
  );
  expect(screen.getByText("q_503")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(again).toHaveBeenCalledOnce();
});

test("while the palette still looks it does not say that there is nothing", async () => {
  let answer: () => void = () => undefined;
  const held = new Promise<void>((done) => (answer = done));
  visit("/runs", ROUTES, new FakeApi("ana"), async (request, next) => {
    if (request.url.endsWith("/entities/search")) await held;
    return next(request);
  });
  await typeInPalette();
  expect(await screen.findByText("Looking")).toBeTruthy();
  expect(screen.queryByText(/Nothing is called that/)).toBeNull();
  answer();
  expect(await screen.findByText(/Nothing is called that/)).toBeTruthy();
});

test("where no delivery came, the page on which refused ones are counted is a link", async () => {
  visit("/connections", ROUTES, new FakeApi("sam"), (request, next) =>
    new URL(request.url).pathname.endsWith("/webhooks")
      ? Promise.resolve(Response.json({ items: [], next_cursor: null }))
      : next(request),
  );
  await openDeliveries();
  const link = await screen.findByRole("link", { name: "Look for refused ones" });
  expect(link.getAttribute("href")).toBe("/webhooks?connection=github");
});
