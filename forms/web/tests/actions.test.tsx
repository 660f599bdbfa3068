import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import ActionsPage from "../src/pages/action/ActionsPage";
import { FakeApi } from "./fake/api";
import { ACTIONS, run } from "./fake/world";
import { visit } from "./render";

const ROUTES = [{ path: "/actions", Component: ActionsPage }];
const titles = () => screen.getAllByRole("heading", { level: 2 }).map((one) => one.textContent);
const cards = () => titles().filter((one) => ACTIONS.some(({ title }) => title === one));

afterEach(() => window.localStorage.clear());

test("each card says who may run it, or why one may not", async () => {
  visit("/actions", ROUTES);
  expect(await screen.findAllByText("Run by the owner of the service or group:sre")).toHaveLength(3);
  expect(screen.getByText(/Only members of group:sre may drain a service/)).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Drain a service" })).toBeNull();
});

test("words, tags, operation and permission narrow the list, and stand in the address", async () => {
  const house = visit("/actions", ROUTES);
  await userEvent.click(await screen.findByRole("button", { name: "service 4" }));
  await userEvent.click(screen.getByRole("button", { name: "restart 1" }));
  expect(cards()).toEqual(["Restart a service"]);
  expect(screen.getByText("1 of 4 actions")).toBeTruthy();
  expect(house.at()).toBe("/actions?tag=service&tag=restart");
  await userEvent.click(screen.getByRole("button", { name: "restart 1" }));
  await userEvent.click(screen.getByRole("checkbox", { name: "Only what I may run" }));
  expect(cards()).toHaveLength(3);
  fireEvent.change(screen.getByRole("textbox", { name: "Search actions" }), {
    target: { value: "load balancer" },
  });
  expect(screen.getByText("No action matches")).toBeTruthy();
  expect(house.at()).toBe("/actions?tag=service&may=yes&q=load+balancer");
  await userEvent.click(screen.getAllByRole("button", { name: "Clear the filters" })[0] as HTMLElement);
  expect(cards()).toHaveLength(4);
  expect(house.at()).toBe("/actions");
});

test("an address opens the list as it was narrowed", async () => {
  visit("/actions?q=back&operation=day-2", ROUTES);
  expect(await screen.findByText("1 of 4 actions")).toBeTruthy();
  expect(cards()).toEqual(["Roll back a service"]);
});

test("a starred action stands above the list, in this browser, for this person", async () => {
  visit("/actions", ROUTES, new FakeApi("ana"));
  const star = await screen.findByRole("button", { name: "Favourite: Roll back a service" });
  expect(screen.queryByRole("region", { name: "Favourites" })).toBeNull();
  await userEvent.click(star);
  expect(star.getAttribute("aria-pressed")).toBe("true");
  const region = screen.getByRole("region", { name: "Favourites" });
  expect(within(region).getByRole("link", { name: "Roll back a service" })).toBeTruthy();
  expect(Object.keys(window.localStorage)).toEqual(["daytwo.favourites.ana"]);
  await userEvent.click(star);
  expect(screen.queryByRole("region", { name: "Favourites" })).toBeNull();
});

test("one person's stars are not another's", async () => {
  window.localStorage.setItem("daytwo.favourites.ana", '["deploy"]');
  visit("/actions", ROUTES, new FakeApi("sam"));
  await screen.findByRole("button", { name: "Favourite: Deploy a service" });
  expect(screen.queryByRole("region", { name: "Favourites" })).toBeNull();
});

test("what this browser holds that is no list of names is taken for nothing", async () => {
  window.localStorage.setItem("daytwo.favourites.ana", '{"not": "a list"');
  visit("/actions", ROUTES);
  await screen.findByRole("button", { name: "Favourite: Deploy a service" });
  expect(screen.queryByRole("region", { name: "Favourites" })).toBeNull();
});

test("what one asked for lately comes from one's own runs, each once, and leads to the form on the same entity", async () => {
  const fake = new FakeApi("ana");
  const billing = { entity: "service:billing" };
  fake.addRun(run("r_theirs", "succeeded", { ...billing, requester: { id: "sam", name: "Sam", ref: null } }));
  fake.addRun(run("r_gone", "succeeded", { action: "gone", action_title: "Gone" }));
  fake.addRun(run("r_mine", "succeeded", { action: "restart", ...billing }));
  visit("/actions", ROUTES, fake);
  const region = await screen.findByRole("region", { name: "Asked for lately" });
  expect(
    within(region)
      .getAllByRole("link")
      .map((link) => link.getAttribute("href")),
  ).toEqual(["/actions/restart?entity=service%3Abilling", "/actions/deploy?entity=service%3Ashop"]);
});

test("the list is there when one's runs cannot be read", async () => {
  visit("/actions", ROUTES, new FakeApi(), (request, next) =>
    request.url.includes("/runs") ? Promise.reject(new TypeError("refused")) : next(request),
  );
  await waitFor(() => expect(cards()).toHaveLength(4));
});

test("an action that may not be run any more is no shortcut", async () => {
  window.localStorage.setItem("daytwo.favourites.ana", '["drain"]');
  visit("/actions", ROUTES);
  await screen.findByText("4 actions");
  expect(screen.queryByRole("region", { name: "Favourites" })).toBeNull();
});
