import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import EntitiesPage from "../src/pages/entity/EntitiesPage";
import EntityPage from "../src/pages/entity/EntityPage";
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
