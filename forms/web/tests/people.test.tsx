import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import AuditPage from "../src/pages/audit/AuditPage";
import PeoplePage from "../src/pages/people/PeoplePage";
import TokensPage from "../src/pages/tokens/TokensPage";
import WebhooksPage from "../src/pages/webhooks/WebhooksPage";
import { FakeApi } from "./fake/api";
import { HOLDS } from "./fake/people";
import { visit } from "./render";

const ROUTES = [
  { path: "/audit", Component: AuditPage },
  { path: "/people", Component: PeoplePage },
  { path: "/tokens", Component: TokensPage },
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
  // signed in nowhere, and somebody still decides for them
  if (sam) expect(within(sam).getByRole("button", { name: "End access" })).toBeTruthy();
  if (ana) await userEvent.click(within(ana).getByRole("button", { name: "End access" }));
  const dialog = screen.getByRole("dialog", { name: "End Ana's access?" });
  await userEvent.click(within(dialog).getByRole("button", { name: "End access" }));
  expect(fake.seen.filter((one) => one.method === "DELETE").map((one) => one.path)).toEqual([
    "/principals/ana/access",
  ]);
});

test("webhooks say what they were about and whether they were read, and those refused say why", async () => {
  visit("/webhooks", ROUTES, new FakeApi("sam"));
  const [first] = rows(await screen.findByRole("table", { name: "Webhooks" }));
  expect(first?.textContent).toContain("Not read yet");
  const [refused] = rows(await screen.findByRole("table", { name: "Refused" }));
  for (const told of ["it is not signed", "192.0.2.1", "1,200", "1.1 MB"])
    expect(refused?.textContent).toContain(told);
});

test("the server walks the chain when it is asked to, and says what stands outside", async () => {
  const { fake } = visit("/audit", ROUTES);
  await userEvent.click(await screen.findByRole("button", { name: "Verify the chain" }));
  expect(await screen.findByText(/The chain holds: entries 1 to 93/)).toBeTruthy();
  expect(screen.getByText(/1 signed checkpoints outside the database/)).toBeTruthy();
  fake.verification = { ...HOLDS, holds: false, broken_at: 7, what: "the entry is not what was written" };
  await userEvent.click(screen.getByRole("button", { name: "Verify the chain" }));
  expect(await screen.findByText("The chain does not hold at entry 7")).toBeTruthy();
  expect(screen.getByText("the entry is not what was written")).toBeTruthy();
});

test("one sees one's own tokens, and ends one after being asked", async () => {
  const { fake } = visit("/tokens", ROUTES);
  expect(rows(await screen.findByRole("table", { name: "Your tokens" }))).toHaveLength(1);
  expect(screen.queryByRole("table", { name: "Tokens of everybody" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Revoke" }));
  const dialog = screen.getByRole("dialog", { name: "Revoke the token “Robot of ana”?" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Revoke" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(fake.seen.filter((one) => one.method === "DELETE").map((one) => one.path)).toEqual(["/tokens/t_1"]);
});

test("who manages access sees everybody's tokens with whom they act for", async () => {
  const fake = new FakeApi("sam");
  if (fake.me) fake.me = { ...fake.me, permissions: [...fake.me.permissions, "access.manage"] };
  visit("/tokens", ROUTES, fake);
  const all = rows(await screen.findByRole("table", { name: "Tokens of everybody" }));
  expect(all.map((row) => /Good|Revoked|Expired/.exec(row.textContent ?? "")?.[0])).toEqual([
    "Good",
    "Revoked",
    "Expired",
  ]);
  expect(within(all[1] as HTMLElement).queryByRole("button")).toBeNull();
});

test("who is on call is told with what asks for it", async () => {
  visit("/people", ROUTES);
  const [shop] = rows(await screen.findByRole("table", { name: "Who is on call" }));
  expect(shop?.textContent).toContain("Deploy a service");
  expect(within(shop as HTMLElement).getByRole("link", { name: "person:sam" })).toBeTruthy();
});
