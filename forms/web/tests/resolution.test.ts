import { beforeEach, describe, expect, test, vi } from "vitest";
import type { FormView, JsonObject } from "../src/api/types";
import { fieldOfFault, FormResolution, PAUSE } from "../src/form/resolution";

interface Asked {
  answers: JsonObject;
  signal: AbortSignal;
  answer: (view?: Partial<FormView>) => Promise<void>;
  fail: () => Promise<void>;
}

const properties = { version: { type: "string" }, replicas: { type: "integer" }, force: { type: "boolean" } };

function view(change: Partial<FormView> = {}, fields: JsonObject = properties): FormView {
  const pages = [{ title: "What", form_schema: { properties: fields }, ui: {} }];
  return {
    action: "deploy",
    version: "v1",
    entity: null,
    pages,
    data: {},
    errors: [],
    warnings: [],
    ...change,
  } as FormView;
}

let asked: Asked[];
const settle = () => vi.advanceTimersByTimeAsync(0);

function begin(prefill: Record<string, string> = {}): FormResolution {
  asked = [];
  const resolution = new FormResolution(
    (answers, signal) =>
      new Promise((resolve, reject) => {
        asked.push({
          answers,
          signal,
          answer: async (change) => {
            resolve(view(change));
            await settle();
          },
          fail: async () => {
            reject(new Error("away"));
            await settle();
          },
        });
      }),
    new Map(Object.entries(prefill)),
  );
  resolution.ask();
  return resolution;
}
const at = (index: number): Asked => asked.at(index) as Asked;

beforeEach(() => void vi.useFakeTimers());

describe("asking", () => {
  test("changes are gathered, and asked about after a pause", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "1" });
    await vi.advanceTimersByTimeAsync(PAUSE - 1);
    form.change({ version: "1.1" });
    await vi.advanceTimersByTimeAsync(PAUSE - 1);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
    expect(at(1).answers).toEqual({ version: "1.1" });
  });

  test("an answer to older questions is thrown away, whichever order answers come in", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "1" });
    await vi.advanceTimersByTimeAsync(PAUSE);
    form.change({ version: "2" });
    expect(at(1).signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(PAUSE);
    await at(2).answer({ errors: [{ pointer: "/version", detail: "about 2" }] });
    await at(1).answer({ errors: [{ pointer: "/version", detail: "about 1" }] });
    expect(form.current().view?.errors).toEqual([{ pointer: "/version", detail: "about 2" }]);
  });

  test("an answer that comes while somebody types does not stand in for the one to come", async () => {
    const form = begin();
    form.change({ version: "1" });
    await at(0).answer({ data: { version: "server" } });
    expect(form.current().view).toBeNull();
    await vi.advanceTimersByTimeAsync(PAUSE);
    await at(1).answer();
    expect(form.current().progress).toBe("settled");
    expect(form.current().shown).toEqual({ version: "1" });
  });

  test("nothing is asked when nothing changed", async () => {
    const form = begin();
    await at(0).answer({ data: { version: "1" } });
    form.change({ version: "1", replicas: undefined });
    await vi.advanceTimersByTimeAsync(PAUSE * 2);
    expect(asked).toHaveLength(1);
  });

  test("nothing is asked after it was closed", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "1" });
    form.close();
    await vi.advanceTimersByTimeAsync(PAUSE * 2);
    expect(asked).toHaveLength(1);
  });
});

describe("what was typed", () => {
  test("stays, whatever the server's data says", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "mine" });
    await vi.advanceTimersByTimeAsync(PAUSE);
    await at(1).answer({ data: { version: "theirs", replicas: 3 } });
    expect(form.current().shown).toEqual({ version: "mine", replicas: 3 });
    expect(form.inputs()).toEqual({ version: "mine", replicas: 3 });
  });

  test("survives a failure, and is asked about again", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "mine" });
    await vi.advanceTimersByTimeAsync(PAUSE);
    await at(1).fail();
    expect(form.current().progress).toBe("failed");
    expect(form.current().shown).toEqual({ version: "mine" });
    form.ask();
    expect(at(2).answers).toEqual({ version: "mine" });
  });

  test("of a field that is hidden now is kept for when it comes back, and not submitted", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "mine" });
    await vi.advanceTimersByTimeAsync(PAUSE);
    await at(1).answer(view({}, { replicas: { type: "integer" } }));
    expect(form.inputs()).toEqual({});
    form.change({ replicas: 2 });
    await vi.advanceTimersByTimeAsync(PAUSE);
    expect(at(2).answers).toEqual({ version: "mine", replicas: 2 });
    await at(2).answer();
    expect(form.inputs()).toEqual({ version: "mine", replicas: 2 });
  });

  test("defaults follow the server for as long as nobody touches them", async () => {
    const form = begin();
    await at(0).answer({ data: { replicas: 1 } });
    form.change({ version: "1", replicas: 1 });
    await vi.advanceTimersByTimeAsync(PAUSE);
    expect(at(1).answers).toEqual({ version: "1" });
    await at(1).answer({ data: { version: "1", replicas: 5 } });
    expect(form.current().shown["replicas"]).toBe(5);
  });

  test("an emptied field stays empty while somebody is in it, and takes the default when it is left", async () => {
    const form = begin();
    await at(0).answer({ data: { version: "1.0.0" } });
    form.change({ version: undefined });
    await vi.advanceTimersByTimeAsync(PAUSE);
    await at(1).answer({ data: { version: "1.0.0" } });
    expect(form.current().shown["version"]).toBeUndefined();
    form.leave("version");
    expect(form.current().shown["version"]).toBe("1.0.0");
  });
});

describe("a link", () => {
  test("fills fields by their type, and is asked about at once", async () => {
    const form = begin({ version: "1.2.0", replicas: "3", force: "true" });
    await at(0).answer();
    expect(at(1).answers).toEqual({ version: "1.2.0", replicas: 3, force: true });
    expect([...form.current().fromLink]).toEqual(["version", "replicas", "force"]);
    form.change({ version: "1.3.0", replicas: 3, force: true });
    expect([...form.current().fromLink]).toEqual(["replicas", "force"]);
  });

  test("what it names and the form does not ask for is said; a field that appears later takes its part", async () => {
    const form = begin({ reason: "because", nonsense: "x" });
    await at(0).answer();
    expect(form.current().leftOver).toEqual(["reason", "nonsense"]);
    form.change({ version: "1" });
    await vi.advanceTimersByTimeAsync(PAUSE);
    await at(1).answer(view({}, { ...properties, reason: { type: "string" } }));
    expect(at(2).answers).toEqual({ version: "1", reason: "because" });
    expect(form.current().leftOver).toEqual(["nonsense"]);
  });

  test("never fills a secret", async () => {
    const form = begin({ password: "hunter2" });
    await at(0).answer(view({}, { password: { type: "string", writeOnly: true } }));
    expect(asked).toHaveLength(1);
    expect(form.current().shown).toEqual({});
    expect(form.current().leftOver).toEqual(["password"]);
  });

  test("what does not fit the type stays as it is written, for the server to judge", async () => {
    begin({ replicas: "many", force: "maybe" });
    await at(0).answer();
    expect(at(1).answers).toEqual({ replicas: "many", force: "maybe" });
  });
});

describe("waiting until it has settled", () => {
  test("asks at once instead of after the pause, and gives the view of exactly what was typed", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "1" });
    const settled = form.settled();
    expect(at(1).answers).toEqual({ version: "1" });
    await at(1).answer({ version: "v2" });
    expect((await settled).version).toBe("v2");
    expect(form.current().versionChanged).toBe(true);
  });

  test("fails when the question fails", async () => {
    const form = begin();
    await at(0).answer();
    form.change({ version: "1" });
    const settled = form.settled().catch(() => "failed");
    await at(1).fail();
    expect(await settled).toBe("failed");
  });
});

test("faults are given to the field that they are about", () => {
  const fields = new Map<string, unknown>([
    ["version", {}],
    ["inputs", {}],
  ]);
  const field = (pointer: string) => fieldOfFault({ pointer, detail: "" }, fields);
  expect(field("/version")).toBe("version");
  expect(field("/inputs/version")).toBe("version");
  expect(field("/inputs")).toBe("inputs");
  expect(field("/version/0/name")).toBe("version");
  expect(field("/other")).toBeUndefined();
  expect(field("")).toBeUndefined();
});
