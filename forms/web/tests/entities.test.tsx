import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import EntitiesPage from "../src/pages/entity/EntitiesPage";
import EntityPage from "../src/pages/entity/EntityPage";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const ROUTES = [
  { path: "/entities", Component: EntitiesPage },
  { path: "/entities/:kind/:name", Component: EntityPage },
];
const names = async () =>
  within(await screen.findByRole("table", { name: "Entities" }))
    .getAllByRole("row")
    .slice(1)
    .map((row) => within(row).getAllByRole("link")[0]?.textContent);

test("what is typed goes to the server as it stands, and stands in the address", async () => {
  const { fake } = visit("/entities?kind=service&q=tier%3D1+shop", ROUTES);
  expect(await names()).toEqual(["Shop"]);
  const asked = fake.seen.filter((one) => one.path === "/entities/search").map((one) => one.body);
  expect(asked[0]).toMatchObject({ kind: "service", owner: null, query: "tier=1 shop", text: "" });
});

test("kinds and owners say how many there are, narrow the list, and widen it again", async () => {
  const house = visit("/entities", ROUTES);
  expect(await screen.findByText("12 fit")).toBeTruthy();
  const kinds = screen.getByRole("group", { name: "Kind" });
  await userEvent.click(within(kinds).getByRole("button", { name: /^Environment 2$/ }));
  expect(house.at()).toBe("/entities?kind=environment");
  expect(await screen.findByText("2 fit")).toBeTruthy();
  const chosen = within(kinds).getByRole("button", { name: /^Environment/ });
  expect(chosen.getAttribute("aria-pressed")).toBe("true");
  await userEvent.click(chosen);
  expect(house.at()).toBe("/entities");
});

test("the page of an entity names the locks that its runs have", async () => {
  visit("/entities/service/shop", ROUTES);
  const section = await screen.findByRole("region", { name: "Locks" });
  expect(within(section).getByRole("link").getAttribute("href")).toBe("/lock?key=shop%2Fproduction");
  expect(section.textContent).toContain("2 wait");
});

test("no locks, no empty box", async () => {
  visit("/entities/service/billing", ROUTES);
  expect(await screen.findByRole("heading", { name: "Billing" })).toBeTruthy();
  expect(screen.queryByRole("region", { name: "Locks" })).toBeNull();
});

test("what is there for a time says until when", async () => {
  const answered = (request: Request, next: (request: Request) => Promise<Response>) =>
    next(request).then(async (answer) => {
      if (!new URL(request.url).pathname.endsWith("/entities/service/shop")) return answer;
      const temporary = [
        { run: "r_1", action: "access", step: "lasts", until: null, text: "until 14:00 UTC" },
      ];
      return Response.json({ ...(await answer.json()), temporary });
    });
  visit("/entities/service/shop", ROUTES, undefined, answered);
  const link = await screen.findByRole("link", { name: "access, lasts" });
  expect(link.closest("li")?.textContent).toBe("access, lasts until 14:00 UTC");
});

test("what is deployed in an environment is told apart by its own title, and led to", async () => {
  visit("/entities/environment/production", ROUTES);
  const table = await screen.findByRole("table", { name: "What is deployed where" });
  const rows = await waitFor(() => {
    const found = within(table).getAllByRole("row").slice(1);
    expect(found).toHaveLength(2);
    return found;
  });
  const links = rows.map((row) => within(row).getAllByRole("link").slice(0, 2));
  expect(links.map(([main, place]) => [main?.textContent, place?.textContent])).toEqual([
    ["shop in production", "environment:production"],
    ["billing in production", "environment:production"],
  ]);
  expect(links[0]?.[0]?.getAttribute("href")).toBe("/entities/deployment/shop-production");
});

test("how many deployments are still read is said", async () => {
  let answer: () => void = () => undefined;
  const held = new Promise<void>((done) => (answer = done));
  visit("/entities/environment/production", ROUTES, undefined, async (request, next) => {
    if (request.url.includes("/deployment/")) await held;
    return next(request);
  });
  const said = await screen.findByText("2 more deployments are being read");
  answer();
  await waitFor(() => expect(said.textContent).toBe(""));
});

/** A server that has more of these than one page. */
const paged =
  (path: RegExp, items: readonly object[]) =>
  (request: Request, next: (request: Request) => Promise<Response>): Promise<Response> => {
    const url = new URL(request.url);
    if (!path.test(url.pathname)) return next(request);
    const at = Number(url.searchParams.get("cursor") ?? 0);
    const answer = {
      items: items.slice(at, at + 1),
      next_cursor: at + 1 < items.length ? String(at + 1) : null,
    };
    return Promise.resolve(Response.json(answer));
  };

test("more history than one page can be shown", async () => {
  const change = (version: number) => ({
    ...{ at: "2026-11-01T00:00:00Z", by: "file", version },
    ...{ before: { properties: { v: version - 1 } }, after: { properties: { v: version } } },
  });
  visit("/entities/service/billing", ROUTES, undefined, paged(/\/history$/, [change(3), change(2)]));
  const section = await screen.findByRole("region", { name: "History" });
  await within(section).findByRole("table", { name: "Version 3" });
  await userEvent.click(within(section).getByRole("button", { name: "Show more" }));
  expect(await within(section).findByRole("table", { name: "Version 2" })).toBeTruthy();
});

test("more locks than one page can be shown", async () => {
  const fake = new FakeApi("sam");
  const [lock] = fake.locks();
  const both = [lock, { ...lock, key: "shop/other" }] as object[];
  visit("/entities/service/shop", ROUTES, fake, paged(/\/locks$/, both));
  const section = await screen.findByRole("region", { name: "Locks" });
  expect(within(section).queryByRole("link", { name: "shop/other" })).toBeNull();
  await userEvent.click(within(section).getByRole("button", { name: "Show more" }));
  expect(await within(section).findByRole("link", { name: "shop/other" })).toBeTruthy();
});

test("that more refers to it than is listed is said", async () => {
  visit("/entities/service/billing", ROUTES, undefined, async (request, next) => {
    const answer = await next(request);
    if (!request.url.endsWith("/entities/service/billing")) return answer;
    return Response.json({ ...(await answer.json()), referenced_by_more: true });
  });
  const section = await screen.findByRole("region", { name: "Relations" });
  expect(section.textContent).toContain("only the first 2 are");
});
