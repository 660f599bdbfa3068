import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import type { ApprovalView } from "../src/api/types";
import { Shell } from "../src/app/Shell";
import ApprovalPage from "../src/pages/approval/ApprovalPage";
import ApprovalsPage from "../src/pages/approval/ApprovalsPage";
import "../src/pages/approval/StageForm"; // loaded already, so that no test waits for it
import { canonical, digestOf } from "../src/pages/approval/digest";
import { FakeApi } from "./fake/api";
import { visit, type House } from "./render";

const ROUTES = [{ path: "/approvals/:id", Component: ApprovalPage }];
const IN_HOUSE = [{ path: "/", Component: Shell, children: ROUTES }];
const open = (as: string, fake = new FakeApi(as)): House => visit("/approvals/a_waiting", ROUTES, fake);
const decisions = (house: House) => house.fake.seen.filter((one) => one.path.endsWith("/decision"));
const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));

describe("deciding", () => {
  test("approves exactly the digest that was shown", async () => {
    const house = open("sam");
    const digest = house.fake.approvals.get("a_waiting")?.digest;
    await screen.findByRole("button", { name: "Approve" });
    await press("Approve");
    expect(await screen.findByText("Your decision is recorded: approved.")).toBeTruthy();
    expect(decisions(house).map((one) => one.body)).toEqual([{ verdict: "approve", digest, comment: "" }]);
    expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
  });

  test("to reject needs a word why", async () => {
    const house = open("sam");
    await screen.findByRole("button", { name: "Reject" });
    await press("Reject");
    expect(screen.getByText(/Say why/)).toBeTruthy();
    expect(decisions(house)).toEqual([]);
    await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "Not on a Friday");
    await press("Reject");
    expect(await screen.findByText("Your decision is recorded: rejected.")).toBeTruthy();
    expect(decisions(house)[0]?.body).toMatchObject({ verdict: "reject", comment: "Not on a Friday" });
  });

  test("what has changed meanwhile is not decided: it is shown anew, and decided anew", async () => {
    const fake = new FakeApi("sam");
    const house = open("sam", fake);
    await screen.findByRole("button", { name: "Approve" });
    const before = fake.approvals.get("a_waiting");
    if (!before) throw new Error("the fake has this approval");
    fake.approvals.set("a_waiting", {
      ...before,
      digest: "f".repeat(64),
      drift: [{ field: "commit", before: "abc", after: "def" }],
    });
    await press("Approve");
    expect(await screen.findByText("def")).toBeTruthy();
    expect(fake.approvals.get("a_waiting")?.state).toBe("pending");
    expect(decisions(house)).toHaveLength(1);
  });

  test("what was sealed anew stays shown as a difference, and is not decided before that was seen", async () => {
    const fake = new FakeApi("sam");
    const house = open("sam", fake);
    await userEvent.type(await screen.findByRole("textbox", { name: "Comment" }), "Fine");
    const before = fake.approvals.get("a_waiting");
    if (!before) throw new Error("the fake has this approval");
    const sealed = { ...before.sealed, lock: "shop/elsewhere" };
    const digest = await digestOf(sealed);
    fake.approvals.set("a_waiting", { ...before, sealed, digest: digest ?? "" });
    await press("Approve");
    const changed = await screen.findByRole("region", { name: "The plan has changed" });
    expect(changed.parentElement, "the button that had the focus is gone").toBe(document.activeElement);
    const rows = within(changed).getAllByRole("row").slice(1);
    expect(rows.map((row) => row.textContent)).toEqual(["lockshop/productionshop/elsewhere"]);
    expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
    await press("I have seen what changed");
    expect(screen.queryByRole("region", { name: "The plan has changed" })).toBeNull();
    expect((screen.getByRole("textbox", { name: "Comment" }) as HTMLTextAreaElement).value).toBe("");
    await press("Approve");
    expect(await screen.findByText("Your decision is recorded: approved.")).toBeTruthy();
    expect(decisions(house).map((one) => (one.body as { digest: string }).digest)).toEqual([
      before.digest,
      digest,
    ]);
  });

  test("what somebody else has decided meanwhile is shown at once, and can be decided no more", async () => {
    const fake = new FakeApi("sam");
    const house = visit("/approvals/a_waiting", IN_HOUSE, fake);
    await screen.findByRole("button", { name: "Approve" });
    await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "Fine by me");
    const before = fake.approvals.get("a_waiting");
    if (!before) throw new Error("the fake has this approval");
    const by = { id: "p_lee", name: "Lee", ref: "person:lee" };
    const decisions = [{ by, verdict: "reject" as const, comment: "Not on a Friday", at: before.created_at }];
    fake.approvals.set("a_waiting", {
      ...before,
      state: "rejected",
      text: "rejected by Lee",
      decisions: decisions as never,
    });
    expect(screen.queryByText("rejected by Lee")).toBeNull();
    act(() => house.sources[0]?.send("approvals", { id: "a_waiting" }));
    expect(await screen.findByText("rejected by Lee")).toBeTruthy();
    expect(screen.getByText("Not on a Friday")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
    expect(screen.queryByRole("textbox", { name: "Comment" })).toBeNull();
  });

  test("the requester sees why she may not", async () => {
    open("ana");
    expect(await screen.findByText(/You asked for this yourself/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
  });
});

describe("several stages", () => {
  test("are told in order, with what each waits for", async () => {
    const fake = new FakeApi("sam");
    const approval = fake.approvals.get("a_waiting");
    if (!approval) throw new Error("the fake has this approval");
    const stage = { approval: null, state: null, needed_from: ["group:finance"], count: 1 };
    fake.approvals.set("a_waiting", {
      ...approval,
      stages: 2,
      all_stages: [
        { ...stage, number: 1, approval: "a_waiting", state: "pending", text: "waits for one of group:sre" },
        { ...stage, number: 2, text: "one of group:finance, when stage 1 is approved" },
      ],
    });
    open("sam", fake);
    expect(await screen.findByText("Stages")).toBeTruthy();
    const told = [...document.querySelectorAll("ol > li")].map((one) => one.textContent);
    expect(told).toContain("Stage 1 of 2: waits for one of group:sre");
    expect(told).toContain("Stage 2 of 2: one of group:finance, when stage 1 is approved");
  });

  test("one alone is not called a stage", async () => {
    open("sam");
    await screen.findByRole("button", { name: "Approve" });
    expect(screen.queryByText("Stages")).toBeNull();
  });
});

describe("what is sealed", () => {
  test("is shown for people: what goes where, and the bytes", async () => {
    open("sam");
    await screen.findByRole("button", { name: "Approve" });
    const page = document.body.textContent ?? "";
    for (const said of [
      "acme/shop",
      "deploy.yml",
      "deployment:shop-production",
      "daytwo_run",
      "The basket counts twice",
    ]) {
      expect(page).toContain(said);
    }
  });

  test("has the digest that is decided, computed here", async () => {
    open("sam");
    expect(
      await screen.findByText(/computed the digest from what is shown here, and it is the same/),
    ).toBeTruthy();
  });

  test("a document with another digest is warned of", async () => {
    const fake = new FakeApi("sam");
    const approval = fake.approvals.get("a_waiting");
    if (!approval) throw new Error("the fake has this approval");
    fake.approvals.set("a_waiting", { ...approval, sealed: { ...approval.sealed, lock: "something else" } });
    open("sam", fake);
    expect(await screen.findByText(/Do not decide/)).toBeTruthy();
  });

  test("of another shape than this page knows is still shown whole", async () => {
    const fake = new FakeApi("sam");
    const approval = fake.approvals.get("a_waiting");
    if (!approval) throw new Error("the fake has this approval");
    fake.approvals.set("a_waiting", { ...approval, sealed: { v: 2, rockets: [{ target: "moon" }] } });
    open("sam", fake);
    await waitFor(() => expect(screen.getAllByText(/moon/).length).toBeGreaterThan(1));
  });
});

describe("the canonical form", () => {
  test("orders keys as RFC 8785 does, by UTF-16 units, and writes numbers and strings as it does", () => {
    const document = {
      "\u20ac": "Euro",
      "\r": "CR",
      "\ufb33": "Dalet",
      "1": "One",
      "\ud83d\ude00": "Smile",
      "\u0080": "C",
      "\u00f6": "o",
    };
    expect(Object.keys(JSON.parse(canonical(document)) as object)).toHaveLength(7);
    expect(canonical(document)).toBe(
      '{"\\r":"CR","1":"One","\u0080":"C","\u00f6":"o","\u20ac":"Euro","\ud83d\ude00":"Smile","\ufb33":"Dalet"}',
    );
    expect(canonical({ n: [1e21, 0.000001, 1e-7, -0, 4.5] })).toBe('{"n":[1e+21,0.000001,1e-7,0,4.5]}');
    expect(canonical({ b: null, a: [true, { d: 1, c: "\u000f\n" }] })).toBe(
      '{"a":[true,{"c":"\\u000f\\n","d":1}],"b":null}',
    );
  });

  test("is hashed with SHA-256", async () => {
    expect(await digestOf({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });
});

describe("who decides for whom, and what is said beside it", () => {
  const person = (name: string) => ({ id: `p_${name}`, name, ref: `person:${name.toLowerCase()}` });

  test("is told: delegation, own request, taken back, comments, who is on call", async () => {
    const fake = new FakeApi("sam");
    const before = fake.approvals.get("a_waiting");
    if (!before) throw new Error("the fake has this approval");
    const at = before.created_at;
    fake.approvals.set("a_waiting", {
      ...before,
      who: "2 of group:sre or whoever is on call for service:shop",
      on_call: { "on-call:properties.on_call@service:shop": ["person:fay"] },
      terms: ["Approving it takes a reason."],
      reason_needed: ["approve", "reject"],
      decides_for: person("Pat"),
      comments: [{ id: "n_1", by: person("Ana"), text: "It is <b>urgent</b>.", at, stage: 1 }],
      decisions: [
        {
          by: person("Fay"),
          on_behalf_of: person("Lee"),
          verdict: "approve",
          comment: "",
          at,
          taken_back_at: at,
          own_request: false,
          own_edit: true,
          own_values: true,
        },
      ],
    });
    const house = open("sam", fake);
    expect(await screen.findByText("You decide for Pat, who delegated it to you.")).toBeTruthy();
    expect(screen.getByText("It is <b>urgent</b>.")).toBeTruthy();
    expect(screen.getByText("Taken back; it does not count.", { exact: false })).toBeTruthy();
    expect(screen.getByText("Lee")).toBeTruthy();
    expect(screen.getByText(/They last changed the action's file/)).toBeTruthy();
    expect(screen.getByText(/They filled in values of the run/)).toBeTruthy();
    expect(screen.getByText("On call for service:shop")).toBeTruthy();
    expect(screen.getByText("Approving it takes a reason.")).toBeTruthy();
    await press("Approve");
    expect(screen.getByText(/Say why/)).toBeTruthy();
    expect(decisions(house)).toEqual([]);
  });

  test("the catalog before and after, and whose hold stands in the way", async () => {
    const fake = new FakeApi("sam");
    const before = fake.approvals.get("a_waiting");
    if (!before) throw new Error("the fake has this approval");
    const state = (version: string) => ({ properties: { version }, relations: {} });
    const key = {
      key: "shop/production",
      held: true,
      held_by_run: null,
      hold: null,
      next_hold: null,
      since: before.created_at,
      fence: 3,
      queued: 2,
      text: "held by Fay until 14:00 UTC: the index is rebuilt",
    };
    fake.approvals.set("a_waiting", {
      ...before,
      changes: [{ entity: "deployment:shop-production", before: state("1.0.0"), after: state("1.1.0") }],
      lock: {
        key: "shop/production",
        keys: [key],
        queue: "fifo",
        held: true,
        held_by_run: null,
        queued: 2,
        expected_at: before.expires_at,
      },
    });
    open("sam", fake);
    const catalog = await screen.findByRole("region", { name: "What becomes of the catalog" });
    expect(catalog.textContent).toContain("1.0.0");
    expect(catalog.textContent).toContain("1.1.0");
    expect(screen.getByText(/the index is rebuilt/)).toBeTruthy();
    expect(screen.getByText(/Its turn would come about/)).toBeTruthy();
  });

  test("what the catalog would refuse today is said", async () => {
    const fake = new FakeApi("sam");
    const before = fake.approvals.get("a_waiting");
    if (!before) throw new Error("the fake has this approval");
    fake.approvals.set("a_waiting", { ...before, changes_problem: "deployment has no property 'version'." });
    open("sam", fake);
    expect(await screen.findByText("deployment has no property 'version'.")).toBeTruthy();
  });

  test("saying something sends the words and decides nothing", async () => {
    const house = open("sam");
    await userEvent.type(
      await screen.findByRole("textbox", { name: "Say something without deciding" }),
      "Why now?",
    );
    await press("Send");
    await waitFor(() =>
      expect(house.fake.seen.filter((one) => one.path.endsWith("/comments")).map((one) => one.body)).toEqual([
        { text: "Why now?" },
      ]),
    );
    expect(decisions(house)).toEqual([]);
  });
});

const DRAWN = { timeout: 15_000 }; // the form's library draws slowly on a busy machine

describe("a stage that is filled in", { timeout: 30_000 }, () => {
  const asks = [
    { name: "ticket", title: "Change ticket" },
    { name: "batch", title: "Batch" },
  ];
  const stage = { approval: "a_waiting", state: "pending" as const, needed_from: ["group:sre"], count: 1 };
  const filling = (change: object = {}) => {
    const fake = new FakeApi("sam");
    const approval = fake.approvals.get("a_waiting");
    if (!approval) throw new Error("the fake has this approval");
    const told = { ...stage, number: 1, text: "waits", name: "change", asks };
    fake.approvals.set("a_waiting", { ...approval, asks, all_stages: [told], ...change });
    return fake;
  };

  test("asks for it, says what is missing, and sends it with the decision", async () => {
    const house = open("sam", filling());
    const ticket = await screen.findByRole("textbox", { name: /Change ticket/ }, DRAWN);
    await press("Approve");
    expect(await screen.findByText("Change ticket is required.")).toBeTruthy();
    expect(decisions(house)).toEqual([]);
    await userEvent.type(ticket, "CHG-7");
    await press("Approve");
    expect(await screen.findByText("Your decision is recorded: approved.")).toBeTruthy();
    expect(decisions(house)[0]?.body).toMatchObject({ verdict: "approve", answers: { ticket: "CHG-7" } });
  });

  test("that somebody has filled in is confirmed as it is", async () => {
    const filled = { ticket: "CHG-7" };
    const told = [{ name: "ticket", title: "Change ticket", value: "CHG-7" }];
    const all_stages = [{ ...stage, number: 1, text: "waits", name: "change", asks, filled: told }];
    const house = open("sam", filling({ filled, all_stages }));
    expect(await screen.findByText(/you confirm exactly this/)).toBeTruthy();
    expect(screen.queryByRole("textbox", { name: /Change ticket/ })).toBeNull();
    await press("Approve");
    await screen.findByText("Your decision is recorded: approved.");
    expect(decisions(house)[0]?.body).toMatchObject({ answers: filled });
  });

  test("is rejected without filling anything in", async () => {
    const house = open("sam", filling());
    await screen.findByRole("textbox", { name: /Change ticket/ }, DRAWN);
    await userEvent.type(screen.getByRole("textbox", { name: "Comment" }), "not today");
    await press("Reject");
    await screen.findByText("Your decision is recorded: rejected.");
    expect(decisions(house)[0]?.body).not.toHaveProperty("answers");
  });

  test("is a hole in the plan, whose bytes are not known", async () => {
    const fake = filling();
    const approval = fake.approvals.get("a_waiting");
    if (!approval) throw new Error("the fake has this approval");
    const [step] = approval.sealed["steps"] as Record<string, unknown>[];
    const holes = { ticket: { value: "${{ approvals.change.ticket }}", given: { "user.name": "Ana" } } };
    fake.approvals.set("a_waiting", {
      ...approval,
      sealed: { ...approval.sealed, steps: [{ ...step, holes, request: null }] },
    });
    open("sam", fake);
    expect(await screen.findByText("${{ approvals.change.ticket }}")).toBeTruthy();
    expect(screen.getByText(/Its bytes are made of this/)).toBeTruthy();
  });
});

describe("what is still open", () => {
  const hole = {
    name: "ticket",
    written: "for ${{ approvals.change.ticket }}",
    sources: [
      {
        name: "approvals.change.ticket",
        who: "Whoever approves the stage change fills it in.",
        json_schema: { type: "string", pattern: "^CHG-[0-9]+$" },
      },
    ],
    given: {},
    filled: false,
    value: null,
  };

  function opened(change: Partial<NonNullable<ApprovalView["open_requests"]>[number]>) {
    const fake = new FakeApi("sam");
    const approval = fake.approvals.get("a_waiting");
    if (!approval) throw new Error("the fake has this approval");
    const one = { step: "ship", uses: "github", holes: [hole], sent: null, why_not: null, ...change };
    fake.approvals.set("a_waiting", { ...approval, open_requests: [one] });
    open("sam", fake);
  }

  test("is shown as it is written, with what it can become", async () => {
    opened({});
    expect(await screen.findByText("for ${{ approvals.change.ticket }}")).toBeTruthy();
    expect(screen.getByText("^CHG-[0-9]+$")).toBeTruthy();
    expect(screen.getByText(/Whoever approves the stage change/)).toBeTruthy();
    expect(screen.getByText(/There are no bytes yet/)).toBeTruthy();
  });

  test("is shown with its bytes when it is filled", async () => {
    opened({
      holes: [{ ...hole, filled: true, value: "for CHG-7" }],
      sent: {
        attempt: null,
        method: "POST",
        path: "/dispatches",
        headers: { accept: "json" },
        body: '{"ticket": "for CHG-7"}',
        digest: "ab".repeat(32),
      },
    });
    expect(await screen.findByText("for CHG-7")).toBeTruthy();
    expect(screen.getByText(/these bytes will be sent/)).toBeTruthy();
    const bytes = screen.getByRole("region", { name: "Bytes of ship", hidden: true });
    expect(bytes.textContent).toBe('POST /dispatches\naccept: json\n\n{"ticket": "for CHG-7"}');
  });
});

describe("cards", () => {
  test("say what is asked, and that it is no ordinary request", async () => {
    const fake = new FakeApi("sam");
    const approval = fake.approvals.get("a_waiting");
    if (!approval) throw new Error("the fake has this approval");
    fake.approvals.set("a_waiting", {
      ...approval,
      unusual: "Undoes run r_done",
      hints: [{ name: "environment", title: "Environment", text: "production" }],
      more_inputs: 2,
    });
    visit("/approvals", [{ path: "/approvals", Component: ApprovalsPage }], fake);
    expect(await screen.findByText("Undoes run r_done")).toBeTruthy();
    expect(screen.getByText("production")).toBeTruthy();
    expect(screen.getByText("and 2 more")).toBeTruthy();
  });
});

describe("the inbox", () => {
  const routes = [{ path: "/approvals", Component: ApprovalsPage }];

  test("is narrowed by action, entity and person, all of it in the address, and the lists keep it", async () => {
    const house = visit("/approvals?entity=service:shop", routes, new FakeApi("sam"));
    expect(await screen.findByRole("link", { name: "Deploy a service" })).toBeTruthy();
    const who = screen.getByRole("textbox", { name: "Asked by" });
    await userEvent.type(who, "person:nobody{Enter}");
    expect(await screen.findByText("No request matches these filters.")).toBeTruthy();
    await userEvent.click(screen.getByRole("tab", { name: "Decided" }));
    expect(house.at()).toBe("/approvals?entity=service%3Ashop&requester=person%3Anobody&list=decided");
    await userEvent.click(screen.getByRole("button", { name: "Clear the filters" }));
    expect(house.at()).toBe("/approvals?list=decided");
  });

  test("what is decided is asked for as such, and nothing that waits is among it", async () => {
    visit("/approvals?list=decided", routes, new FakeApi("sam"));
    expect(await screen.findByText("Nothing has been decided yet")).toBeTruthy();
  });
});
