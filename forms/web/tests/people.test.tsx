import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import AuditPage from "../src/pages/audit/AuditPage";
import PeoplePage from "../src/pages/people/PeoplePage";
import WebhooksPage from "../src/pages/webhooks/WebhooksPage";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const ROUTES = [
  { path: "/audit", Component: AuditPage },
  { path: "/people", Component: PeoplePage },
  { path: "/webhooks", Component: WebhooksPage },
];
const fill = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });
const rows = (table: HTMLElement) => within(table).getAllByRole("row").slice(1);

test("the audit names people, leads to what it is about, and says how far it is signed", async () => {
  visit("/audit", ROUTES);
  const [first, second] = rows(await screen.findByRole("table", { name: "Audit" }));
  expect(first?.textContent).toContain("Ana");
  const links = (row: HTMLElement | undefined) =>
    row
      ? within(row)
          .getAllByRole("link")
          .map((link) => link.getAttribute("href"))
      : [];
  expect(links(first)).toContain("/runs/r_running");
  expect(links(second)).toEqual(["/entities/service/shop"]);
  expect(screen.getByText("Signed up to entry 90 of 93.")).toBeTruthy();
});

test("what is filtered is what is exported", async () => {
  const house = visit("/audit?action=freeze.made", ROUTES);
  expect(rows(await screen.findByRole("table", { name: "Audit" }))).toHaveLength(1);
  expect(screen.getByRole("link", { name: "Export as CSV" }).getAttribute("href")).toBe(
    "/api/v1/audit/export?format=csv&action=freeze.made",
  );
  await userEvent.type(screen.getByRole("textbox", { name: "About run" }), "r_1{Enter}");
  expect(house.at()).toBe("/audit?action=freeze.made&run=r_1");
});

test("one sees where one is signed in, and ends and makes delegations of one's own", async () => {
  const { fake } = visit("/people", ROUTES, new FakeApi("sam"));
  expect(rows(await screen.findByRole("table", { name: "Where you are signed in" }))).toHaveLength(2);
  await userEvent.click(await screen.findByRole("button", { name: "End it" }));
  expect(await screen.findByText("Nobody decides for anybody else.")).toBeTruthy();
  await userEvent.click(screen.getByText("Let somebody decide for you"));
  fill(screen.getByRole("textbox", { name: /Who\?/ }), "person:ana");
  fill(screen.getByLabelText(/^Until/), "2027-01-04T08:00");
  await userEvent.click(screen.getByRole("button", { name: "Let them decide" }));
  expect(await screen.findByRole("table", { name: "Standing delegations" })).toBeTruthy();
  const sent = fake.seen.filter((one) => one.method !== "GET");
  expect(sent.map((one) => [one.method, one.path])).toEqual([
    ["DELETE", "/delegations/d_1"],
    ["POST", "/delegations"],
  ]);
  expect(sent[1]?.body).toEqual({
    to: "person:ana",
    begins: null,
    until: new Date("2027-01-04T08:00").toISOString(),
    reason: "",
  });
});

test("nobody ends a delegation of somebody else", async () => {
  visit("/people", ROUTES, new FakeApi("ana"));
  expect(await screen.findByRole("table", { name: "Standing delegations" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "End it" })).toBeNull();
  expect(screen.queryByText("Who is let in")).toBeNull();
});

test("who manages access sees everybody, and ends an access after being asked", async () => {
  const fake = new FakeApi("sam");
  if (fake.me) fake.me = { ...fake.me, permissions: [...fake.me.permissions, "access.manage"] };
  visit("/people", ROUTES, fake);
  const [ana, sam] = rows(await screen.findByRole("table", { name: "Who is let in" }));
  expect(sam?.textContent).toContain("left the catalog");
  if (ana) await userEvent.click(within(ana).getByRole("button", { name: "End access" }));
  const dialog = screen.getByRole("dialog", { name: "End Ana's access?" });
  await userEvent.click(within(dialog).getByRole("button", { name: "End access" }));
  expect(fake.seen.filter((one) => one.method === "DELETE").map((one) => one.path)).toEqual([
    "/principals/ana/access",
  ]);
});

test("webhooks say what they were about, whether they were read, and that refusals are in the log", async () => {
  visit("/webhooks", ROUTES, new FakeApi("sam"));
  const [first] = rows(await screen.findByRole("table", { name: "Webhooks" }));
  expect(first?.textContent).toContain("Not read yet");
  expect(screen.getByText(/are refused and not kept/)).toBeTruthy();
});
