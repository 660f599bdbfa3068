import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import ChannelsPage from "../src/pages/ChannelsPage";
import KindsPage from "../src/pages/entity/KindsPage";
import SchedulesPage from "../src/pages/schedules/SchedulesPage";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const ROUTES = [
  { path: "/kinds", Component: KindsPage },
  { path: "/channels", Component: ChannelsPage },
  { path: "/schedules", Component: SchedulesPage },
];

test("kinds are told in words: what each property holds, and what it points to", async () => {
  visit("/kinds", ROUTES);
  const table = await screen.findByRole("table", { name: "Properties of Environment" });
  const rows = within(table).getAllByRole("row").slice(1);
  const cells = rows.map((row) => [...row.children].map((cell) => cell.textContent));
  expect(cells).toEqual([
    ["Tier tierWho feels it.", "text, one of test, live", "yes"],
    ["Front door url", "address", "no"],
    ["nodes ", "whole number, at least 1, at most 4", "no"],
    ["tags ", "list of: text, of the form ^[a-z]+$", "no"],
  ]);
  const relations = screen.getByRole("list", { name: "Relations of Service" });
  expect(relations.textContent).toBe("dependsOn points to any number of service");
  expect(screen.getByRole("list", { name: "Relations of Deployment" }).textContent).toContain(
    "environment points to one environment, on whose page it is shown",
  );
  const link = screen.getByRole("link", { name: "Entities of the kind Environment" });
  expect(link.getAttribute("href")).toBe("/entities?kind=environment");
});

test("channels say whether the last message was taken, and one can be tried", async () => {
  const fake = new FakeApi("sam");
  visit("/channels", ROUTES, fake);
  const chat = await screen.findByRole("region", { name: "chat" });
  expect(within(chat).getByText("Takes messages")).toBeTruthy();
  expect(within(chat).getByText("slack://…")).toBeTruthy();
  const mail = screen.getByRole("region", { name: "mail" });
  expect(within(mail).getByText("Did not take the last")).toBeTruthy();
  expect(within(mail).getByText("it does not answer")).toBeTruthy();
  await userEvent.click(within(chat).getByRole("button", { name: "Send one to try it" }));
  expect(await within(chat).findByText(/It was taken/)).toBeTruthy();
  await userEvent.click(within(mail).getByRole("button", { name: "Send one to try it" }));
  expect(await within(mail).findByText("It was not taken: it does not answer.")).toBeTruthy();
  const tried = fake.seen.filter((one) => one.method === "POST").map((one) => one.path);
  expect(tried).toEqual(["/channels/chat/test", "/channels/mail/test"]);
});

test("where there is no channel it is said where people are told", async () => {
  const fake = new FakeApi("sam");
  fake.channels = [];
  visit("/channels", ROUTES, fake);
  expect(await screen.findByText("There is no channel")).toBeTruthy();
});

test("schedules of one action are asked for by its name, and the rest is a button away", async () => {
  const asked: (string | null)[] = [];
  const house = visit("/schedules?action=restart", ROUTES, undefined, (request, next) => {
    const url = new URL(request.url);
    if (url.pathname.endsWith("/schedules")) asked.push(url.searchParams.get("action"));
    return next(request);
  });
  await screen.findByRole("link", { name: "Restart every night" });
  expect(asked).toEqual(["restart"]);
  await userEvent.click(screen.getByRole("button", { name: "Clear the filters" }));
  expect(house.at()).toBe("/schedules");
});
