import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import { Shell } from "../src/app/Shell";
import { groupsFor } from "../src/palette/commands";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const ROUTES = [{ path: "/", Component: Shell, children: [{ path: "*", element: <h1>Here</h1> }] }];
const opened = async () => {
  const house = visit("/runs", ROUTES, new FakeApi("ana"));
  await screen.findByRole("heading", { name: "Here" });
  fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  return { house, box: await screen.findByRole("combobox", { name: "Go to anything" }) };
};
const type = (box: HTMLElement, value: string) => fireEvent.change(box, { target: { value } });

test("Ctrl-K opens it from anywhere, with the focus in it, and closes it again", async () => {
  const { box } = await opened();
  expect(document.activeElement).toBe(box);
  fireEvent.keyDown(box, { key: "k", ctrlKey: true });
  expect(screen.queryByRole("combobox", { name: "Go to anything" })).toBeNull();
});

test("the arrow keys choose, the box says what is chosen, and Enter goes there", async () => {
  const { house, box } = await opened();
  type(box, "deploy");
  const actions = await screen.findByRole("group", { name: "Actions" });
  const option = within(actions).getByRole("option", { name: /Deploy a service/ });
  await waitFor(() => expect(box.getAttribute("aria-activedescendant")).toBe(option.id));
  fireEvent.keyDown(box, { key: "ArrowDown" });
  const second = document.getElementById(box.getAttribute("aria-activedescendant") ?? "");
  expect(second?.getAttribute("aria-selected")).toBe("true");
  expect(second).not.toBe(option);
  fireEvent.keyDown(box, { key: "ArrowUp" });
  fireEvent.keyDown(box, { key: "Enter" });
  expect(house.at()).toBe("/actions/deploy");
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("entities are looked for on the server, runs are found by their id", async () => {
  const { house, box } = await opened();
  type(box, "billing");
  const entities = await screen.findByRole("group", { name: "Entities" });
  await userEvent.click(await within(entities).findByRole("option", { name: /service:billing/ }));
  expect(house.at()).toBe("/entities/service/billing");
  fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  type(await screen.findByRole("combobox", { name: "Go to anything" }), "r_0123456789");
  await userEvent.click(await screen.findByRole("option", { name: /open the run with this id/ }));
  expect(house.at()).toBe("/runs/r_0123456789");
});

test("what nobody knows is said to be unknown", async () => {
  const { box } = await opened();
  type(box, "zebra");
  expect(await screen.findByText(/Nothing is called that/)).toBeTruthy();
  expect(box.getAttribute("aria-activedescendant")).toBeNull();
});

describe("what it offers", () => {
  const nothing = { places: [], actions: [], runs: [], entities: [] };

  test("is empty of entities and runs until something is typed", () => {
    expect(groupsFor("", nothing).map((group) => group.title)).toEqual(["Here"]);
  });

  test("leaves out actions that may not be run", () => {
    const may = { allowed: false, why_not: "not you" };
    const action = {
      ...{ name: "drain", title: "Drain", description: "", tags: [], owner: null, operation: "day-2" },
      ...{ target_kind: null, may_run: may, runners: "" },
    };
    expect(groupsFor("drain", { ...nothing, actions: [action] })).toEqual([]);
  });
});
