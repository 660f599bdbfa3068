import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import type { EntityView } from "../src/api/types";
import EntitiesPage from "../src/pages/entity/EntitiesPage";
import EntityPage from "../src/pages/entity/EntityPage";
import { FakeApi } from "./fake/api";
import { ENTITIES } from "./fake/world";
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

test.each([
  ["run:r_seed1", "r_seed1", true],
  ["run", "a run that you may not see", false],
  ["file", "catalog file", false],
])("who wrote it last: %s", async (by, said, linked) => {
  visit("/entities/service/billing", ROUTES, undefined, async (request, next) => {
    const answer = await next(request);
    if (!/\/entities\/service\/billing$/.test(new URL(request.url).pathname)) return answer;
    return Response.json({ ...((await answer.json()) as EntityView), changed_by: by });
  });
  expect(await screen.findByRole("heading", { name: "Billing" })).toBeTruthy();
  await waitFor(() => expect(document.body.textContent).toContain(`Written by ${said}`));
  expect(screen.queryAllByRole("link", { name: said }).length > 0).toBe(linked);
});

const cellsOf = (table: HTMLElement) =>
  within(table)
    .getAllByRole("row")
    .map((row) => [...row.children].map((cell) => cell.textContent));

test("what belongs to a service is told by what the kind always says of it, whatever the kind is called", async () => {
  const kinds = [
    {
      name: "release",
      title: "Release",
      property_schema: {
        required: ["build"],
        properties: { build: { title: "Build" }, note: { title: "Note" } },
      },
      relations: {
        ofService: { kind: "service", many: false },
        runs_in: { kind: "cluster", many: false },
        needs: { kind: "service", many: true },
      },
    },
    {
      name: "group",
      title: "Group",
      property_schema: {},
      relations: { about: { kind: "service", many: true } },
    },
  ];
  const shop = ENTITIES.get("service:shop") as EntityView;
  const release: EntityView = {
    ...{ ...shop, ref: "release:r1", kind: "release", name: "r1", title: "Release one" },
    ...{ properties: { build: "b-77", note: "n" }, referenced_by: [] },
    relations: { ofService: ["service:shop"], runs_in: ["cluster:eu"], needs: ["service:billing"] },
  };
  const answers: Record<string, object> = {
    "/api/v1/kinds": { items: kinds, next_cursor: null },
    "/api/v1/entities/service/shop": { ...shop, referenced_by: ["release:r1", "group:sre"] },
    "/api/v1/entities/release/r1": release,
  };
  visit("/entities/service/shop", ROUTES, undefined, (request, next) => {
    const answer = answers[new URL(request.url).pathname];
    return answer ? Promise.resolve(Response.json(answer)) : next(request);
  });
  const table = await screen.findByRole("table", { name: "Release" });
  await within(table).findByRole("link", { name: "Release one" });
  expect(cellsOf(table).map((row) => row.slice(0, 4))).toEqual([
    ["Name", "Runs in", "Needs", "Build"],
    ["Release one", "cluster:eu", "service:billing", "b-77"],
  ]);
  const others = screen.getByRole("region", { name: "Relations" });
  expect(within(others).getByRole("link", { name: "group:sre" })).toBeTruthy();
  expect(within(others).queryByRole("link", { name: "release:r1" })).toBeNull();
});

test("where nothing belongs to it yet it is said what would", async () => {
  const staging = { ...(ENTITIES.get("environment:staging") as EntityView), referenced_by: [] };
  visit("/entities/environment/staging", ROUTES, undefined, (request, next) =>
    request.url.endsWith("/entities/environment/staging")
      ? Promise.resolve(Response.json(staging))
      : next(request),
  );
  const section = await screen.findByRole("region", { name: "What belongs to it" });
  expect(section.textContent).toContain(
    "What has a relation to one environment is shown here: a deployment by its environment.",
  );
});

test("what is deployed in an environment is told apart by its own title, and led to", async () => {
  visit("/entities/environment/production", ROUTES);
  const table = await screen.findByRole("table", { name: "Deployment" });
  const rows = await waitFor(() => {
    const found = within(table).getAllByRole("row").slice(1);
    expect(found).toHaveLength(2);
    return found;
  });
  const links = rows.map((row) => within(row).getAllByRole("link").slice(0, 2));
  expect(links.map(([main, place]) => [main?.textContent, place?.textContent])).toEqual([
    ["shop in production", "service:shop"],
    ["billing in production", "service:billing"],
  ]);
  expect(links[0]?.[0]?.getAttribute("href")).toBe("/entities/deployment/shop-production");
});

test("how many are still read is said", async () => {
  let answer: () => void = () => undefined;
  const held = new Promise<void>((done) => (answer = done));
  visit("/entities/environment/production", ROUTES, undefined, async (request, next) => {
    if (request.url.includes("/deployment/")) await held;
    return next(request);
  });
  const said = await screen.findByText("2 more are being read");
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

test("a property that is an address can be followed, https only, and says where it leads", async () => {
  const fake = new FakeApi();
  const shop = ENTITIES.get("service:shop") as EntityView;
  const properties = {
    url: "https://shop.example/cart",
    old: "http://shop.example/old",
    docs: ["https://docs.example/a", "javascript:alert(1)"],
    told: "see https://shop.example",
  };
  visit("/entities/service/shop", ROUTES, fake, async (request, next) =>
    request.url.endsWith("/entities/service/shop") ? Response.json({ ...shop, properties }) : next(request),
  );
  const section = await screen.findByRole("region", { name: "Properties" });
  const links = within(section).getAllByRole("link");
  expect(links.map((link) => [link.getAttribute("href"), link.getAttribute("rel")])).toEqual([
    ["https://shop.example/cart", "noreferrer noopener"],
    ["https://docs.example/a", "noreferrer noopener"],
  ]);
  expect(links[0]?.textContent).toBe("https://shop.example/cart(opens in a new tab)");
  for (const said of [properties.old, "javascript:alert(1)", properties.told])
    expect(within(section).getByText(said).closest("a")).toBeNull();
});

describe("where nothing has been run", () => {
  const quiet = (request: Request, next: (request: Request) => Promise<Response>): Promise<Response> =>
    new URL(request.url).pathname.endsWith("/runs")
      ? Promise.resolve(Response.json({ items: [], next_cursor: null }))
      : next(request);

  test("what can be done here is offered where there is something", async () => {
    visit("/entities/service/billing", ROUTES, undefined, quiet);
    const link = await screen.findByRole("link", { name: "See what can be done here" });
    expect(link.getAttribute("href")).toBe("/actions?entity=service%3Abilling");
  });

  test("what to do instead is said where there is nothing", async () => {
    visit("/entities/group/sre", ROUTES, undefined, quiet);
    const link = await screen.findByRole("link", { name: "See what can be done elsewhere" });
    expect(link.getAttribute("href")).toBe("/actions");
    expect(screen.getByText(/meant for a group/)).toBeTruthy();
    expect(screen.queryByRole("link", { name: "See what can be done here" })).toBeNull();
  });
});
