import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import type { FormView, JsonObject } from "../src/api/types";
import ActionPage from "../src/pages/action/ActionPage";
import { FakeApi } from "./fake/api";
import { HELD } from "./fake/world";
import { visit, type House } from "./render";

const ROUTES = [
  { path: "/actions/:name", Component: ActionPage },
  { path: "/runs/:id", element: <p>the run</p> },
];
const open = (search: string, ...more: [FakeApi?, Parameters<typeof visit>[3]?]): House =>
  visit(`/actions/deploy?entity=service:shop${search}`, ROUTES, ...more);
const review = () => userEvent.click(screen.getByRole("button", { name: "See what will happen" }));
const posted = (house: House, path: string) =>
  house.fake.seen.filter((one) => one.method === "POST" && one.path.endsWith(path));

/** A server whose form asks for these fields only. */
function asking(properties: JsonObject, data: JsonObject = {}) {
  const pages = [{ title: "What", form_schema: { type: "object", properties }, ui: {} }];
  const view = {
    action: "deploy",
    version: "v",
    entity: null,
    pages,
    data,
    errors: [],
    warnings: [],
  } as unknown as FormView;
  return async (request: Request, next: (request: Request) => Promise<Response>) =>
    request.url.endsWith("/form") ? Response.json(view) : next(request);
}

describe("nothing is chosen for anybody", () => {
  test("not the first of several choices", async () => {
    const house = open("");
    const choices = await screen.findAllByRole("radio");
    expect(choices.map((choice) => (choice as HTMLInputElement).checked)).toEqual([false, false]);
    expect(posted(house, "/form").map((one) => one.body)).toEqual([{ entity: "service:shop", answers: {} }]);
  });

  test("not a lonely choice, a constant or a schema's default", async () => {
    const fields = {
      only: { type: "string", title: "Only", oneOf: [{ const: "production", title: "Production" }] },
      fixed: { type: "string", title: "Fixed", const: "production" },
      given: { type: "string", title: "Given", default: "production" },
    };
    const house = open("", new FakeApi(), asking(fields));
    await screen.findByRole("textbox", { name: "Given" });
    expect(document.querySelector("form")?.textContent).not.toContain("production"); // beside it is what it locks
    const values = [...document.querySelectorAll("input")].map((input) => input.value);
    expect(values.join("")).toBe("");
    await review();
    await waitFor(() => expect(posted(house, "/plan")).toHaveLength(1));
    expect(posted(house, "/plan")[0]?.body).toMatchObject({ inputs: {} });
  });

  test("but what the server filled in is shown", async () => {
    open("", new FakeApi(), asking({ version: { type: "string", title: "Version" } }, { version: "1.1.0" }));
    expect(await screen.findByDisplayValue("1.1.0")).toBeTruthy();
  });
});

describe("faults", () => {
  test("are shown for what was left, and for all once somebody wants to go on; each once", async () => {
    open("");
    const version = await screen.findByRole("combobox", { name: "Version" });
    expect(screen.queryByText(/is required/)).toBeNull();
    await userEvent.click(version);
    await userEvent.tab();
    expect(await screen.findByText("Version is required")).toBeTruthy();
    expect(screen.queryByText("Environment is required")).toBeNull();
    await review();
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("2 answers need a change");
    expect(document.activeElement).toBe(alert);
    // Once in the summary and once at the field, hidden copies for descriptions apart.
    const links = screen.getAllByRole("link", { name: /is required/ });
    expect(links.map((link) => link.textContent)).toEqual(["Version is required", "Environment is required"]);
    expect(document.querySelectorAll("#field_version-error")).toHaveLength(1);
    expect(document.querySelector("#field_version-error")?.textContent).toBe("Version is required");
  });

  test("a link of the summary leads to the field", async () => {
    open("");
    await screen.findAllByRole("radio");
    await review();
    await userEvent.click(await screen.findByRole("link", { name: "Version is required" }));
    expect(document.activeElement?.id).toBe("field_version");
  });

  test("a server that cannot be reached takes nothing away and can be asked again", async () => {
    let away = false;
    open("&version=1.1.0", new FakeApi(), (request, next) =>
      away ? Promise.reject(new TypeError("connection refused")) : next(request),
    );
    await screen.findByDisplayValue("1.1.0");
    away = true;
    await userEvent.click(screen.getByRole("radio", { name: "Staging" }));
    expect(await screen.findByText("Daytwo could not be reached")).toBeTruthy();
    expect(screen.getByDisplayValue("1.1.0")).toBeTruthy();
    away = false;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Checked by the server")).toBeTruthy();
    expect((screen.getByRole("radio", { name: "Staging" }) as HTMLInputElement).checked).toBe(true);
  });
});

describe("a link", () => {
  test("fills, marks what it filled, names what it could not, and submits nothing", async () => {
    const house = open("&version=1.1.0&nonsense=x");
    expect(await screen.findByDisplayValue("1.1.0")).toBeTruthy();
    expect(screen.getByText("from the link")).toBeTruthy();
    expect(screen.getByText(/also wanted to fill in nonsense/)).toBeTruthy();
    expect(posted(house, "/runs")).toEqual([]);
    expect(posted(house, "/plan")).toEqual([]);
  });
});

describe("choices from the server", () => {
  test("are searched and chosen", async () => {
    const house = open("");
    await userEvent.type(await screen.findByRole("combobox", { name: "Version" }), "1.2");
    await userEvent.click(await screen.findByRole("option", { name: /1\.2\.0/ }));
    expect(screen.getByDisplayValue("1.2.0")).toBeTruthy();
    await waitFor(() =>
      expect(posted(house, "/form").at(-1)?.body).toMatchObject({ answers: { version: "1.2.0" } }),
    );
  });
});

describe("several choices from the server", () => {
  test("are searched, chosen and sent as a list", async () => {
    const pages = [
      {
        title: "What",
        form_schema: {
          type: "object",
          properties: { all: { type: "array", title: "Versions", items: { type: "string" } } },
        },
        ui: { all: { "ui:options": { remote: true } } },
      },
    ];
    const view = { action: "deploy", version: "v", entity: null, pages, data: {}, errors: [], warnings: [] };
    const house = open("", new FakeApi(), async (request, next) => {
      const answer = await next(request.clone());
      return request.url.endsWith("/form") ? Response.json(view) : answer;
    });
    await userEvent.type(await screen.findByRole("combobox", { name: "Versions" }), "1.2");
    await userEvent.click(await screen.findByRole("option", { name: /1\.2\.0/ }));
    await waitFor(() =>
      expect(posted(house, "/form").at(-1)?.body).toMatchObject({ answers: { all: ["1.2.0"] } }),
    );
  });
});

describe("choices in the schema", () => {
  test("show their details and are sent by value", async () => {
    const size = {
      type: "integer",
      title: "Size",
      oneOf: [
        { const: 1, title: "Small" },
        { const: 2, title: "Large", description: "costs twice" },
      ],
    };
    const house = open("", new FakeApi(), asking({ size }));
    await userEvent.click(await screen.findByRole("combobox", { name: "Size" }));
    expect(screen.getByText("costs twice")).toBeTruthy();
    await userEvent.click(screen.getByRole("option", { name: /Large/ }));
    await review();
    await waitFor(() => expect(posted(house, "/plan").at(-1)?.body).toMatchObject({ inputs: { size: 2 } }));
  });
});

/** A server whose plan says this besides. */
const planned =
  (change: JsonObject) =>
  async (request: Request, next: (request: Request) => Promise<Response>): Promise<Response> => {
    const answer = await next(request);
    if (!request.url.endsWith("/plan")) return answer;
    return Response.json({ ...((await answer.json()) as object), ...change });
  };

describe("the review", () => {
  const toReview = async (house: House) => {
    await screen.findByDisplayValue("1.1.0");
    await userEvent.click(screen.getByRole("radio", { name: "Production" }));
    await review();
    await screen.findByRole("button", { name: "Deploy a service" });
    return house;
  };

  test("says what will be sent where, who must agree and what changes", async () => {
    await toReview(open("&version=1.1.0"));
    const page = document.body.textContent ?? "";
    for (const said of [
      "acme/shop",
      "deploy.yml",
      "one of group:sre",
      "within 24 h",
      "shop/production",
      "held by run",
    ]) {
      expect(page).toContain(said);
    }
    expect(page).toContain("deployment:shop-production");
  });

  test("says when it would start, and how it differs from the last run", async () => {
    await toReview(open("&version=1.1.0"));
    expect(screen.getByText("Start").nextElementSibling?.textContent).toBe(
      "When one of group:sre has approved it and run r_running has released the lock",
    );
    const differences = screen.getByRole("region", { name: "Compared with the previous successful run" });
    expect(within(differences).getByRole("link", { name: "r_seed1" }).getAttribute("href")).toBe(
      "/runs/r_seed1",
    );
    const rows = within(differences).getAllByRole("row").slice(1);
    expect(rows.map((row) => [...row.children].map((cell) => cell.textContent))).toEqual([
      ["version", "1.0.0", "", "1.1.0"], // an arrow between the two
    ]);
  });

  test("says that there was no run before, or that the last one was the same", async () => {
    for (const [change, said] of [
      [
        { previous_run: null, differences: [] },
        "There is no earlier successful run of this action here to compare with, or none that you may see.",
      ],
      [{ differences: [] }, "The same answers as the previous successful run."],
    ] as const) {
      await toReview(open("&version=1.1.0", new FakeApi(), planned(change)));
      const differences = screen.getByRole("region", { name: "Compared with the previous successful run" });
      expect(differences.textContent).toContain(said);
      cleanup();
    }
  });

  test("warns of what holds it back now: whose freezes, why and until when, and the stop", async () => {
    await toReview(open("&version=1.1.0"));
    expect(screen.queryByText("Something holds it back now")).toBeNull();
    cleanup();
    const held = planned({ freezes: [HELD], stopped: "Sam has stopped everything: fire." });
    await toReview(open("&version=1.1.0", new FakeApi(), held));
    const warning = screen.getByText("Something holds it back now").closest("[data-tone]");
    expect(warning?.getAttribute("data-tone")).toBe("waiting");
    const said = [...(warning?.querySelectorAll("p") ?? [])].map((one) => one.textContent);
    expect(said).toEqual([
      "Sam has stopped everything: fire.",
      "Freeze “Year end” of group:sre: Nobody is there to mend it " +
        "(the freeze 'Year end' to end on 2 Jan 2027 08:00 Europe/Berlin)",
    ]);
  });

  test("says which of the two it is that it cannot be undone", async () => {
    const whys = [
      "The action does not say how it is undone.",
      "There is no earlier successful run here to go back to.",
    ];
    for (const why_not_undoable of whys) {
      const house = open("&version=1.1.0", undefined, async (request, next) => {
        const answer = await next(request);
        if (!request.url.endsWith("/plan")) return answer;
        return Response.json({ ...(await answer.json()), undoable: false, why_not_undoable });
      });
      await toReview(house);
      const said = await screen.findByText("Can be undone");
      expect(said.nextElementSibling?.textContent).toBe(`no: t${why_not_undoable.slice(1)}`);
      cleanup();
    }
  });

  test("going back keeps the answers", async () => {
    await toReview(open("&version=1.1.0"));
    await userEvent.click(screen.getByRole("button", { name: "Back" }));
    expect(screen.getByDisplayValue("1.1.0")).toBeTruthy();
    expect((screen.getByRole("radio", { name: "Production" }) as HTMLInputElement).checked).toBe(true);
  });

  test("starts the run that was reviewed", async () => {
    const house = await toReview(open("&version=1.1.0"));
    await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "Customers wait ");
    await userEvent.click(screen.getByRole("button", { name: "Deploy a service" }));
    await screen.findByText("the run");
    const [start] = posted(house, "/runs");
    const [plan] = posted(house, "/plan");
    expect(start?.body).toEqual({ ...(plan?.body as object), comment: "Customers wait" });
    expect(start?.body).toMatchObject({
      entity: "service:shop",
      inputs: { version: "1.1.0", environment: "environment:production" },
    });
  });

  test("one review, one key: a lost answer and impatient pressing make one run; another review has another key", async () => {
    let lose = true;
    const house = open("&version=1.1.0", new FakeApi(), async (request, next) => {
      const answer = await next(request);
      if (!request.url.endsWith("/runs") || !lose) return answer;
      throw new TypeError("the answer was lost");
    });
    await toReview(house);
    const before = house.fake.runs.size;
    await userEvent.dblClick(screen.getByRole("button", { name: "Deploy a service" }));
    expect(await screen.findByText(/It is not known whether the request arrived/)).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Back" }));
    await userEvent.click(screen.getByRole("radio", { name: "Staging" }));
    await review();
    lose = false;
    await userEvent.click(await screen.findByRole("button", { name: "Deploy a service" }));
    await screen.findByText("the run");
    const keys = posted(house, "/runs").map((one) => one.key);
    expect(new Set(keys.slice(0, -1)).size).toBe(1);
    expect(keys.at(-1)).not.toBe(keys[0]);
    expect(keys.every((key) => (key ?? "").length >= 8)).toBe(true);
    expect(house.fake.runs.size).toBe(before + 2);
  });

  test("pressing again after a lost answer asks with the same key", async () => {
    let lost = 0;
    const house = open("&version=1.1.0", new FakeApi(), async (request, next) => {
      const answer = await next(request);
      if (!request.url.endsWith("/runs") || lost++ > 0) return answer;
      throw new TypeError("the answer was lost");
    });
    await toReview(house);
    const before = house.fake.runs.size;
    await userEvent.click(screen.getByRole("button", { name: "Deploy a service" }));
    await screen.findByText(/cannot start twice/);
    await userEvent.click(screen.getByRole("button", { name: "Deploy a service" }));
    await screen.findByText("the run");
    const keys = posted(house, "/runs").map((one) => one.key);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(house.fake.runs.size).toBe(before + 1);
  });
});

test("an action that the reader may not run says why and has no form", async () => {
  visit("/actions/drain?entity=service:shop", ROUTES);
  expect(await screen.findByText(/Only members of group:sre may drain/)).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});

test("an action on an entity asks for which one first, and keeps what else the link says", async () => {
  const house = visit("/actions/deploy?version=1.1.0", ROUTES);
  await userEvent.click(await screen.findByRole("link", { name: /Shop/ }));
  expect(await screen.findByDisplayValue("1.1.0")).toBeTruthy();
  expect(house.at()).toBe("/actions/deploy?version=1.1.0&entity=service%3Ashop");
});

test("which entities were looked for stands in the address, and is no answer of the form", async () => {
  const house = visit("/actions/deploy?version=1.1.0&find-entity=bill", ROUTES);
  expect(await screen.findByRole("link", { name: /Billing/ })).toBeTruthy();
  expect(screen.queryByRole("link", { name: /Shop/ })).toBeNull();
  const box = screen.getByRole("textbox", { name: "Words, or conditions as tier=1" });
  expect((box as HTMLInputElement).value).toBe("bill");
  await userEvent.clear(box);
  await userEvent.type(box, "shop");
  expect(house.at()).toBe("/actions/deploy?version=1.1.0&find-entity=shop");
  await userEvent.click(await screen.findByRole("link", { name: /Shop/ }));
  expect(await screen.findByDisplayValue("1.1.0")).toBeTruthy();
  expect(house.at()).toBe("/actions/deploy?version=1.1.0&entity=service%3Ashop");
  expect(screen.queryByText(/also wanted to fill in/)).toBeNull();
});
