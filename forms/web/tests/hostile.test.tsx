/** What others wrote is text, everywhere: one row for each place in which it is shown. */
import { act, screen, waitFor } from "@testing-library/react";
import type { ComponentType } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { routes } from "../src/app/router";
import { parseLine } from "../src/log/line";
import { visible } from "../src/parts/textOf";
import { FakeApi } from "./fake/api";
import { run } from "./fake/world";
import { visit, type Fetch } from "./render";

const ESC = "\u001b";
const TEXTS = {
  markup: `<img src=x onerror=alert(1)><script>alert(1)</script><b onmouseover=alert(1)>b</b>`,
  bidi: "deploy to \u202enoitcudorp\u202c \u2066now\u2069",
  unseen: "pay\u200bpal\ufeff \u2060x\u00ad",
  ansi: `${ESC}[31mred${ESC}[0m${ESC}]8;;javascript:alert(1)\u0007press${ESC}]8;;\u0007`,
  address: "javascript:alert(1)",
  long: "W".repeat(10_000),
};
/** What turns or hides other text, or drives a terminal. */
const RAW = new Set(
  "\u001b\u0007\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
);

type Json = Record<string, unknown>;

interface Place {
  at: string;
  /** Whose answer holds it: the end of a path of the API. */
  of: RegExp;
  put: (answer: Json, text: string) => unknown;
  as?: string;
  /** How it reads there, when other than with what cannot be seen shown. */
  reads?: (text: string) => string;
}

const first = (answer: Json): Json => (answer["items"] as Json[])[0] as Json;
const item = (name: string) => (answer: Json, text: string) => (first(answer)[name] = text);
const own = (name: string) => (answer: Json, text: string) => (answer[name] = text);
const step = (answer: Json): Json => (answer["steps"] as Json[])[0] as Json;
const job = (answer: Json): Json => (step(answer)["jobs"] as Json[])[0] as Json;
const RUN = { at: "/runs/r_running", of: /\/runs\/r_running$/, as: "sam" };
const APPROVAL = { at: "/approvals/a_waiting", of: /\/approvals\/a_waiting$/, as: "sam" };
const person = (name: string) => ({ id: "p", name, ref: null });

const PLACES: Record<string, Place> = {
  "a job's name": { ...RUN, put: (answer, text) => (job(answer)["name"] = text) },
  "a note of a job": { ...RUN, put: (answer, text) => (job(answer)["notes"] = [text]) },
  "the words of a step": { ...RUN, put: (answer, text) => (step(answer)["text"] = text) },
  "why there is no log": { ...RUN, put: (answer, text) => (step(answer)["log_note"] = text) },
  "a result": { ...RUN, put: (answer, text) => (step(answer)["outputs"] = { url: text }) },
  "the state of a run": { ...RUN, put: own("text") },
  "the comment of a run": { ...RUN, put: own("comment") },
  "the title of a run's action": { ...RUN, put: own("action_title") },
  "who asked": { ...RUN, put: (answer, text) => (answer["requester"] = person(text)) },
  "why one may not": {
    ...RUN,
    put: (answer, text) => ((answer["may"] as Json)["cancel"] = { allowed: false, why_not: text }),
  },
  "what nobody was told": {
    ...RUN,
    put: (answer, text) =>
      (answer["unheard"] = [{ event: "approval.asked", text, at: "2026-11-21T12:00:00Z" }]),
  },
  "why a run failed": { ...RUN, at: "/runs/r_failed", of: /\/runs\/r_failed$/, put: own("reason") },
  "the first error": {
    ...RUN,
    at: "/runs/r_failed",
    of: /\/runs\/r_failed$/,
    put: (answer, text) => ((answer["first_error"] as Json)["text"] = text),
    reads: (text) =>
      parseLine(text)
        .spans.map((span) => span.text)
        .join(""),
  },
  "a property": {
    at: "/entities/service/shop",
    of: /\/entities\/service\/shop$/,
    put: (answer, text) => (answer["properties"] = { said: text }),
  },
  "a list in a property": {
    at: "/entities/service/shop",
    of: /\/entities\/service\/shop$/,
    put: (answer, text) => (answer["properties"] = { said: ["https://a.example", text] }),
  },
  "the title of an entity": {
    at: "/entities/service/shop",
    of: /\/entities\/service\/shop$/,
    put: own("title"),
  },
  "an entity in the list": { at: "/entities", of: /\/entities\/search$/, put: item("title") },
  "the name of a kind": { at: "/kinds", of: /\/kinds$/, put: item("title") },
  "what a kind's property means": {
    at: "/kinds",
    of: /\/kinds$/,
    put: (answer, text) =>
      (first(answer)["property_schema"] = { properties: { a: { type: "string", description: text } } }),
  },
  "an action's title": { at: "/actions", of: /\/actions$/, put: item("title") },
  "an action's description": { at: "/actions", of: /\/actions$/, put: item("description") },
  "an action's tag": {
    at: "/actions",
    of: /\/actions$/,
    put: (answer, text) => (first(answer)["tags"] = [text]),
  },
  "a pipeline's name": {
    at: "/actions/deploy?entity=service:shop",
    of: /\/actions\/deploy$/,
    put: (answer, text) => (((answer["does"] as Json[])[0] as Json)["ref"] = text),
  },
  "whom an action asks": {
    at: "/actions/deploy?entity=service:shop",
    of: /\/actions\/deploy$/,
    put: (answer, text) => (((answer["approvals"] as Json[])[0] as Json)["who"] = text),
  },
  "the comment of a request": { ...APPROVAL, put: own("comment") },
  "an answer of a request": { ...APPROVAL, put: (answer, text) => (answer["inputs"] = { reason: text }) },
  "who last changed the file": { ...APPROVAL, put: own("edited") },
  "a comment": {
    ...APPROVAL,
    put: (answer, text) =>
      (answer["comments"] = [{ id: "n", by: person("Ana"), text, at: "2026-11-21T12:00:00Z", stage: 1 }]),
  },
  "the word of a decision": {
    ...APPROVAL,
    put: (answer, text) =>
      (answer["decisions"] = [
        { by: person("Ana"), verdict: "approve", comment: text, at: "2026-11-21T12:00:00Z" },
      ]),
  },
  "what has drifted": {
    ...APPROVAL,
    put: (answer, text) => (answer["drift"] = [{ field: "commit", before: "abc", after: text }]),
  },
  "a request in the inbox": { at: "/approvals", of: /\/approvals$/, as: "sam", put: item("comment") },
  "the answer of a request in the inbox": {
    at: "/approvals",
    of: /\/approvals$/,
    as: "sam",
    put: (answer, text) => (first(answer)["hints"] = [{ name: "a", title: "A", text }]),
  },
  "why everything is stopped": {
    at: "/freezes",
    of: /\/stop$/,
    put: (answer, text) => Object.assign(answer, { stopped: true, reason: text, text }),
  },
  "a lock's key": { at: "/locks", of: /\/locks$/, as: "sam", put: item("key") },
  "why a lock is held": {
    at: "/lock?key=shop%2Fproduction",
    of: /\/locks\/detail$/,
    as: "sam",
    put: (answer, text) => {
      const hold = answer["hold"] as Json | null;
      answer["hold"] = { ...(hold ?? HOLD), reason: text };
    },
  },
  "a freeze's title": { at: "/freezes/year-end", of: /\/freezes\/year-end$/, put: own("title") },
  "a freeze's reason": { at: "/freezes/year-end", of: /\/freezes\/year-end$/, put: own("reason") },
  "a schedule's title": { at: "/schedules", of: /\/schedules$/, put: item("title") },
  "what came of a schedule": {
    at: "/schedules/nightly",
    of: /\/schedules\/nightly\/firings$/,
    put: item("text"),
  },
  "a trigger's title": { at: "/triggers", of: /\/triggers$/, put: item("title") },
  "what a CI system answered": { at: "/connections", of: /\/connections$/, put: item("last_error") },
  "a webhook's event": { at: "/webhooks", of: /\/webhooks$/, as: "sam", put: item("event") },
  "why a webhook was refused": { at: "/webhooks", of: /\/refused$/, as: "sam", put: item("why") },
  "why a channel takes nothing": { at: "/channels", of: /\/channels$/, as: "sam", put: item("last_error") },
  "an entry of the audit": { at: "/audit", of: /\/audit$/, as: "sam", put: item("subject") },
  "a fact of the audit": {
    at: "/audit",
    of: /\/audit$/,
    as: "sam",
    put: (answer, text) => (first(answer)["facts"] = { said: text }),
  },
  "a token's name": { at: "/tokens", of: /\/tokens$/, put: item("name") },
};
const HOLD = { id: "h", key: "shop/production", by: person("Sam"), until: null, since: null, at: null };

/** Every path of the page, loaded: none is left waiting for its part of the program. */
const ROUTES = await Promise.all(
  (routes[0]?.children?.[0]?.children ?? [])
    .filter((route) => route.path && route.lazy)
    .map(async (route) => {
      const load = route.lazy as unknown as () => Promise<{ Component: ComponentType }>;
      return { path: `/${route.path}`, Component: (await load()).Component };
    }),
);

function open(place: Place, text: string): void {
  const put = async (request: Request, next: Fetch) => {
    const answer = await next(request);
    if (!place.of.test(new URL(request.url).pathname) || !answer.ok) return answer;
    const document = (await answer.json()) as Json;
    place.put(document, text);
    return Response.json(document);
  };
  visit(place.at, ROUTES, new FakeApi(place.as ?? "ana"), put);
}

const told = () => {
  const attributes = [...document.querySelectorAll("*")].flatMap((one) =>
    ["title", "aria-label", "alt", "placeholder"].flatMap((name) => one.getAttribute(name) ?? []),
  );
  return [document.title, document.body.textContent ?? "", ...attributes];
};

/** Nothing of it became anything else than text, and it can be read. */
async function isText(reads: string): Promise<void> {
  await waitFor(() => expect(document.body.textContent).toContain(reads));
  expect(document.querySelector("img, script, iframe, [onerror], [onmouseover], [onload]")).toBeNull();
  for (const link of document.querySelectorAll("a[href]"))
    expect(link.getAttribute("href")).toMatch(/^(\/|#|https:\/\/|http:\/\/127\.0\.0\.1)/);
  for (const said of told()) expect([...said].filter((one) => RAW.has(one))).toEqual([]);
}

beforeEach(() => void vi.stubGlobal("alert", vi.fn()));
afterEach(() => vi.unstubAllGlobals());

describe.each(Object.entries(PLACES))("%s is text", (_, place) => {
  test.each(Object.entries(TEXTS))("%s", async (_name, text) => {
    open(place, text);
    await isText((place.reads ?? visible)(text));
    expect(alert).not.toHaveBeenCalled();
  });
});

describe("a line of the log is text", () => {
  test.each(Object.entries(TEXTS))("%s", async (_name, text) => {
    const fake = new FakeApi("sam");
    fake.addRun(run("r_running", "running"), [{ number: 1, step: "ship", job: "test", text }]);
    visit("/runs/r_running", ROUTES, fake);
    await screen.findByText("follows deploy.yml on acme/shop");
    await act(() => Promise.resolve());
    await isText(
      parseLine(text)
        .spans.map((span) => span.text)
        .join(""),
    );
  });
});
