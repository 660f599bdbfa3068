/** What a form keeps: over a reload, from an earlier run, over its pages; and what it must not. */
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FormView, JsonObject } from "../src/api/types";
import ActionPage from "../src/pages/action/ActionPage";
import { forgetDrafts } from "../src/form/draft";
import { FakeApi } from "./fake/api";
import { run } from "./fake/world";
import { visit, type Fetch } from "./render";

const ROUTES = [
  { path: "/actions/:name", Component: ActionPage },
  { path: "/runs/:id", element: <p>the run</p> },
];
const AT = "/actions/deploy?entity=service:shop";

/** Two pages: what, and a secret; `required` are missing as long as they are not answered. */
async function twoPages(request: Request, next: Fetch): Promise<Response> {
  if (!request.url.endsWith("/form")) return next(request);
  const { answers } = (await request.json()) as { answers: JsonObject };
  const field = (title: string, more: JsonObject = {}) => ({ type: "string", title, ...more });
  const what = { version: field("Version"), note: field("Note") };
  const how = { token: field("Token", { writeOnly: true }), size: { type: "integer", title: "Size" } };
  const page = (title: string, properties: JsonObject, ui: JsonObject = {}) => ({
    title,
    form_schema: { type: "object", properties },
    ui,
  });
  const missing = (["version", "size"] as const).filter((name) => answers[name] === undefined);
  return Response.json({
    action: "deploy",
    version: "v",
    entity: null,
    pages: [page("What", what), page("How", how, { token: { "ui:widget": "password" } })],
    data: answers,
    errors: missing.map((name) => ({ pointer: `/${name}`, detail: `${name} is required` })),
    warnings: [],
  });
}

/** The same two pages, where an answer of one page counts on the other: what 1.1.0 cannot be, and what a beta asks for. */
async function soldOut(request: Request, next: Fetch): Promise<Response> {
  if (!request.url.endsWith("/form")) return next(request);
  const { answers } = (await request.clone().json()) as { answers: JsonObject };
  const view = (await (await twoPages(request, next)).json()) as FormView;
  const beta = String(answers["version"]).endsWith("-beta");
  const how = view.pages[1]?.form_schema["properties"] as JsonObject;
  if (beta) how["who"] = { type: "string", title: "Who tries it" };
  const large = answers["version"] === "1.1.0" && answers["size"] === 9;
  const fault = { pointer: "/version", detail: "1.1.0 cannot be as large as 9" };
  const known = Object.entries(view.data).filter(([name]) => name !== "who" || beta);
  return Response.json({
    ...view,
    data: Object.fromEntries(known),
    errors: large ? [...view.errors, fault] : view.errors,
  });
}

const type = (name: string, value: string) =>
  fireEvent.change(screen.getByLabelText(name), { target: { value } });
const kept = () => Object.values({ ...window.sessionStorage }).join(" ");

beforeEach(() => window.sessionStorage.clear());
afterEach(() => window.sessionStorage.clear());

describe("a draft", () => {
  test("is there again after a reload, without the secret, and can be thrown away", async () => {
    const first = visit(AT, ROUTES, new FakeApi(), twoPages);
    await screen.findByLabelText("Version");
    type("Version", "1.1.0");
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    await screen.findByLabelText("Token");
    expect(screen.getByLabelText("Token").getAttribute("type")).toBe("password");
    expect(screen.getByLabelText("Token").getAttribute("autocomplete")).toBe("off");
    type("Token", "hunter2hunter2");
    await waitFor(() => expect(first.fake.seen.length).toBeGreaterThan(0));
    expect(kept()).toContain("1.1.0");
    expect(kept()).not.toContain("hunter2");
    cleanup();

    visit(AT, ROUTES, new FakeApi(), twoPages);
    expect(await screen.findByDisplayValue("1.1.0")).toBeTruthy();
    expect(screen.getByText(/is here again, except secrets/)).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Start over" }));
    await waitFor(() => expect(screen.queryByDisplayValue("1.1.0")).toBeNull());
    expect(kept()).toBe("");
  });

  test("belongs to one person, one action and one link", async () => {
    visit(AT, ROUTES, new FakeApi("ana"), twoPages);
    await screen.findByLabelText("Version");
    type("Version", "1.1.0");
    for (const [path, as] of [
      [`${AT}&note=x`, "ana"],
      [AT, "sam"],
      ["/actions/restart?entity=service:shop", "ana"],
    ] as const) {
      cleanup();
      visit(path, ROUTES, new FakeApi(as), twoPages);
      await screen.findByLabelText("Version");
      expect(screen.queryByDisplayValue("1.1.0"), path).toBeNull();
    }
  });

  test("is forgotten when the run is started, and when somebody signs out", async () => {
    visit(`${AT}&version=1.1.0&environment=environment:staging`, ROUTES);
    await userEvent.click(await screen.findByRole("button", { name: "See what will happen" }));
    expect(kept()).toContain("1.1.0");
    await userEvent.click(await screen.findByRole("button", { name: "Deploy a service" }));
    await screen.findByText("the run");
    expect(kept()).toBe("");
    window.sessionStorage.setItem("daytwo.draft.x", "{}");
    window.sessionStorage.setItem("another", "1");
    forgetDrafts();
    expect(Object.keys(window.sessionStorage)).toEqual(["another"]);
  });
});

describe("several pages", () => {
  test("what is wrong on another page is a link that goes there and to the field", async () => {
    const house = visit(AT, ROUTES, new FakeApi(), soldOut);
    await screen.findByLabelText("Version");
    type("Version", "1.1.0");
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    await screen.findByLabelText("Size");
    type("Size", "9"); // only now the server has something against what stands on the first page
    await userEvent.click(screen.getByRole("button", { name: "See what will happen" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("1.1.0 cannot be as large as 9 (on the page What)");
    expect(house.at()).toBe(`${AT}#page-2`);
    await userEvent.click(screen.getByRole("link", { name: "1.1.0 cannot be as large as 9" }));
    const version = await screen.findByLabelText("Version");
    expect(house.at()).toBe(AT);
    expect(document.activeElement).toBe(version);
    expect(screen.queryByLabelText("Size")).toBeNull();
    type("Version", "1.2.0");
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    expect((await screen.findByLabelText<HTMLInputElement>("Size")).value).toBe("9");
    await userEvent.click(screen.getByRole("button", { name: "See what will happen" }));
    await waitFor(() => expect(house.fake.seen.at(-1)?.path).toBe("/actions/deploy/plan"));
    expect(house.fake.seen.at(-1)?.body).toMatchObject({ inputs: { version: "1.2.0", size: 9 } });
  });

  test("a field that an answer of another page asks for comes and goes with it; what is hidden is not sent", async () => {
    const house = visit(AT, ROUTES, new FakeApi(), soldOut);
    const toSecond = async () => {
      await userEvent.click(await screen.findByRole("button", { name: "Next" }));
      await screen.findByLabelText("Size");
    };
    const plans = () => house.fake.seen.filter((one) => one.path.endsWith("/plan"));
    await screen.findByLabelText("Version");
    type("Version", "2.0.0-beta");
    await toSecond();
    expect(await screen.findByLabelText("Who tries it")).toBeTruthy();
    type("Who tries it", "the night shift");
    type("Size", "3");
    await userEvent.click(screen.getByRole("button", { name: "What" }));
    await screen.findByLabelText("Version");
    type("Version", "1.2.0");
    await toSecond();
    await waitFor(() => expect(screen.queryByLabelText("Who tries it")).toBeNull());
    await userEvent.click(screen.getByRole("button", { name: "See what will happen" }));
    await waitFor(() => expect(plans()).toHaveLength(1));
    expect(plans()[0]?.body).toMatchObject({ inputs: { version: "1.2.0", size: 3 } });
    expect((plans()[0]?.body as { inputs: object }).inputs).not.toHaveProperty("who");
    await userEvent.click(screen.getByRole("button", { name: "What" }));
    await screen.findByLabelText("Version");
    type("Version", "2.0.0-beta");
    await toSecond();
    const who = await screen.findByLabelText<HTMLInputElement>("Who tries it");
    expect(who.value, "it is there again").toBe("the night shift");
    await userEvent.click(screen.getByRole("button", { name: "See what will happen" }));
    await waitFor(() => expect(plans()).toHaveLength(2));
    expect(plans()[1]?.body).toMatchObject({ inputs: { version: "2.0.0-beta", who: "the night shift" } });
  });

  test("going on moves the focus to where one is in the form, and answers of both pages are sent", async () => {
    const house = visit(AT, ROUTES, new FakeApi(), twoPages);
    await screen.findByLabelText("Version");
    type("Version", "1.1.0");
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    await screen.findByLabelText("Size");
    expect(document.activeElement?.querySelector("[aria-current=step]")?.textContent).toContain("How");
    type("Size", "3");
    await userEvent.click(screen.getByRole("button", { name: "See what will happen" }));
    await waitFor(() => expect(house.fake.seen.at(-1)?.path).toBe("/actions/deploy/plan"));
    expect(house.fake.seen.at(-1)?.body).toMatchObject({ inputs: { version: "1.1.0", size: 3 } });
  });
});

describe("an earlier run", () => {
  test("fills the form with its answers, typed as they were, says so, and sends nothing", async () => {
    const fake = new FakeApi();
    fake.addRun(run("r_old", "failed", { inputs: { version: "1.2.0", note: null, gone: "x" } }));
    const house = visit(`${AT}&from=r_old`, ROUTES, fake, twoPages);
    expect(await screen.findByDisplayValue("1.2.0")).toBeTruthy();
    expect(screen.getByText(/One answer is those? of run|One answer is that of run/)).toBeTruthy();
    expect(screen.getByText(/That run also had gone/)).toBeTruthy();
    expect(screen.getByText("from the earlier run")).toBeTruthy();
    expect(house.fake.seen.some((one) => one.path.endsWith("/runs") || one.path.endsWith("/plan"))).toBe(
      false,
    );
  });

  test("that may not be seen is said to be, and no form is shown", async () => {
    visit(`${AT}&from=r_nothing`, ROUTES);
    expect(await screen.findByText(/There is no such run/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "See what will happen" })).toBeNull();
  });
});

describe("ten thousand choices", () => {
  const page = (from: number) =>
    Array.from({ length: 50 }, (_, index) => ({
      value: `v${from + index}`,
      title: `Version ${from + index}`,
      detail: null,
    }));
  const thousands = async (request: Request, next: Fetch) => {
    if (!request.url.includes("/options/")) return next(request);
    const { cursor } = (await request.json()) as { cursor: string | null };
    const from = Number(cursor ?? 0);
    return Response.json({ options: page(from), next_cursor: String(from + 50) });
  };

  test("are drawn as far as they are in sight, and go on by the arrow keys", async () => {
    visit(AT, ROUTES, new FakeApi(), thousands);
    await userEvent.click(await screen.findByRole("combobox", { name: "Version" }));
    await screen.findByRole("option", { name: "Version 0" });
    expect(screen.getAllByRole("option").length).toBeLessThan(40);
    await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    expect(await screen.findByDisplayValue("Version 1")).toBeTruthy();
  });

  test("a page of which nothing is fit to be shown is followed by the next", async () => {
    let asked = 0;
    visit(AT, ROUTES, new FakeApi(), async (request, next) => {
      if (!request.url.includes("/options/")) return next(request);
      asked += 1;
      return Response.json(
        asked < 3 ? { options: [], next_cursor: "x" } : { options: page(0), next_cursor: null },
      );
    });
    await userEvent.click(await screen.findByRole("combobox", { name: "Version" }));
    expect(await screen.findByRole("option", { name: "Version 0" })).toBeTruthy();
    expect(asked).toBe(3);
  });
});
