import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { HIDDEN } from "../src/api/events";
import { Shell } from "../src/app/Shell";
import ApprovalsPage from "../src/pages/approval/ApprovalsPage";
import { FakeApi } from "./fake/api";
import { taskOf } from "./fake/tasks";
import { exceptionOf, frozen } from "./fake/world";
import { visit } from "./render";

const ROUTES = [
  { path: "/", Component: Shell, children: [{ path: "actions", element: <h1>Actions here</h1> }] },
];
const INBOX = [{ path: "/", Component: Shell, children: [{ path: "approvals", Component: ApprovalsPage }] }];

test("who is not signed in picks a person, whatever the address, and is there at once", async () => {
  const house = visit("/actions", ROUTES, new FakeApi(null));
  await userEvent.click(await screen.findByRole("button", { name: /Sam/ }));
  expect(await screen.findByRole("heading", { name: "Actions here" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Account of Sam" })).toBeTruthy();
  expect(house.at()).toBe("/actions");
});

test("who signs in through the identity provider goes there, and is to come back to where they were", async () => {
  const fake = new FakeApi(null);
  fake.provider = { title: "Acme", path: "/api/v1/session/oidc" };
  visit("/actions", ROUTES, fake);
  const link = await screen.findByRole("link", { name: "Sign in with Acme" });
  expect(link.getAttribute("href")).toBe("/api/v1/session/oidc?back_to=%2F");
  expect(screen.queryByRole("button", { name: /Sam/ })).toBeNull();
});

test("signing out everywhere ends all sessions", async () => {
  const { fake } = visit("/actions", ROUTES, new FakeApi("sam"));
  await userEvent.click(await screen.findByRole("button", { name: "Account of Sam" }));
  await userEvent.click(screen.getByRole("button", { name: "Sign out everywhere" }));
  expect(await screen.findByText("Who are you?")).toBeTruthy();
  expect(fake.seen.filter((one) => one.method === "DELETE").map((one) => one.path)).toEqual(["/sessions"]);
});

test("whose session ends is told so, and is where they were after signing in again", async () => {
  const fake = new FakeApi("sam");
  const { at, sources } = visit("/actions", ROUTES, fake);
  expect(await screen.findByText("1 approval waiting for you")).toBeTruthy();
  fake.me = null;
  sources[0]?.send("approvals", { id: "a_waiting" });
  expect((await screen.findByText(/is kept/)).textContent).toMatch(/^Your session has ended\./);
  await userEvent.click(await screen.findByRole("button", { name: /Sam/ }));
  expect(await screen.findByRole("heading", { name: "Actions here" })).toBeTruthy();
  expect(at()).toBe("/actions");
});

test("after somebody else has signed in in another window a page says so, and says whom it takes its reader for", async () => {
  const fake = new FakeApi("ana");
  const seen: (string | null)[] = [];
  visit("/approvals", INBOX, fake, (request, next) => {
    seen.push(request.headers.get("X-Daytwo-Principal"));
    return next(request);
  });
  expect(await screen.findByRole("button", { name: "Account of Ana" })).toBeTruthy();
  const [ana, sam] = [fake.me?.id, new FakeApi("sam").me?.id];
  await waitFor(() => expect(new Set(seen)).toEqual(new Set([null, ana])));
  fake.me = new FakeApi("sam").me;
  window.dispatchEvent(new Event("visibilitychange"));
  expect(await screen.findByRole("button", { name: "Account of Sam" })).toBeTruthy();
  expect(screen.getByText(/In another window of this browser Sam has signed in/).textContent).toMatch(
    /was Ana’s/,
  );
  await waitFor(() => expect(seen.at(-1)).toBe(sam));
  await userEvent.click(screen.getByRole("button", { name: "Put away" }));
  expect(screen.queryByText(/In another window/)).toBeNull();
});

test("signing out leads back, and forgets what was read", async () => {
  visit("/actions", ROUTES, new FakeApi("sam"));
  await userEvent.click(await screen.findByRole("button", { name: "Account of Sam" }));
  await userEvent.click(screen.getByRole("button", { name: "Sign out" }));
  expect(await screen.findByText("Who are you?")).toBeTruthy();
  expect(screen.queryByText(/Your session has ended/)).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: /Ana/ }));
  expect(await screen.findByRole("button", { name: "Account of Ana" })).toBeTruthy();
  expect(screen.queryByText(/waiting for you/)).toBeNull();
});

test("the number of approvals that wait is live", async () => {
  const { fake, sources } = visit("/actions", ROUTES, new FakeApi("sam"));
  expect(await screen.findByText("1 approval waiting for you")).toBeTruthy();
  expect(sources.map((source) => source.url)).toEqual(["/api/v1/events"]);
  fake.approvals.clear();
  sources[0]?.send("approvals", { id: "a_waiting" });
  await waitFor(() => expect(screen.queryByText(/waiting for you/)).toBeNull());
});

test("the number that waits has the tasks in it, and the tabs say which is which", async () => {
  const fake = new FakeApi("sam");
  fake.tasks.set("tk_1", taskOf());
  fake.tasks.set("tk_2", taskOf({ id: "tk_2" }));
  const { sources } = visit("/approvals", INBOX, fake);
  expect(await screen.findByText("1 approval and 2 tasks waiting for you")).toBeTruthy();
  expect(screen.getByRole("tab", { name: /^Needs me/ }).textContent).toBe("Needs me1");
  expect(screen.getByRole("tab", { name: /^My tasks/ }).textContent).toBe("My tasks2");
  fake.tasks.clear();
  sources[0]?.send("runs", { id: "r_running" });
  expect(await screen.findByText("1 approval waiting for you")).toBeTruthy();
});

test("that nothing is pushed is said on every page, and taken back when it is; not that nobody looked", async () => {
  const { sources } = visit("/actions", ROUTES, new FakeApi("sam"));
  const said = () => screen.queryByText(/Live updates do not arrive/);
  await screen.findByRole("heading", { name: "Actions here" });
  expect(said()).toBeNull();
  act(() => sources[0]?.fail());
  expect(said()?.closest("[role=status]")).toBeTruthy();
  act(() => void window.document.dispatchEvent(new Event("visibilitychange"))); // somebody is back: it is tried anew
  act(() => sources.at(-1)?.send("ping"));
  expect(said()).toBeNull();

  vi.useFakeTimers();
  const hidden = vi.spyOn(window.document, "hidden", "get").mockReturnValue(true);
  const look = () => act(() => void window.document.dispatchEvent(new Event("visibilitychange")));
  look();
  act(() => vi.advanceTimersByTime(HIDDEN));
  expect(
    sources.every((source) => source.closed),
    "the connection was given back",
  ).toBe(true);
  hidden.mockReturnValue(false);
  look();
  expect(said()).toBeNull();
});

test("a server that is away is said to be, with a way to try again", async () => {
  let away = true;
  visit("/actions", ROUTES, new FakeApi("sam"), (request, next) =>
    away ? Promise.reject(new TypeError("refused")) : next(request),
  );
  expect(await screen.findByText("Daytwo could not be reached")).toBeTruthy();
  away = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("heading", { name: "Actions here" })).toBeTruthy();
});

test("an error shows the server's words and the id to find it by", async () => {
  visit("/actions", ROUTES, new FakeApi("sam"), async (request, next) => {
    if (!request.url.endsWith("/me")) return next(request);
    const problem = {
      type: "about:blank",
      title: "Broken",
      status: 500,
      detail: "The store is away.",
      request_id: "q_1",
      errors: [],
    };
    return Response.json(problem, { status: 500 });
  });
  expect(await screen.findByText("The store is away.")).toBeTruthy();
  expect(screen.getByText("q_1")).toBeTruthy();
});

test("a global stop is told on every page", async () => {
  const fake = new FakeApi("ana");
  fake.stop = { ...fake.stop, stopped: true, text: "Sam has stopped everything: fire." };
  visit("/actions", ROUTES, fake);
  expect(await screen.findByText("Everything is stopped")).toBeTruthy();
  expect(screen.getByText("Sam has stopped everything: fire.")).toBeTruthy();
});

test("who may grant an exception finds it in the inbox", async () => {
  const routes = [{ path: "/approvals", Component: ApprovalsPage }];
  const fake = new FakeApi("sam");
  fake.addRun({
    ...frozen("r_frozen"),
    exceptions: [exceptionOf(frozen("r_frozen"), "Customers cannot pay")],
  });
  visit("/approvals", routes, fake);
  await screen.findByText(/Customers cannot pay/);
  const link = screen.getByRole("link", { name: /deploy service:shop/ });
  expect(link.getAttribute("href")).toBe("/runs/r_frozen");
});
