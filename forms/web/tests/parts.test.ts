import { describe, expect, test } from "vitest";
import { changedFields } from "../src/parts/Compare";
import { inWords, safeLink, visible } from "../src/parts/textOf";
import { ago, duration } from "../src/parts/time";

describe("links out", () => {
  test.each([
    "https://ci.example/run/1",
    "http://127.0.0.1:8080/run/1",
    "http://localhost/run",
    "http://[::1]:9/run",
  ])("%s is followed", (url) => expect(safeLink(url)).toBe(url));

  test.each([
    "http://ci.example/run/1",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://127.0.0.1.evil.example/",
    "//ci.example",
    "not an address",
    "",
    null,
  ])("%s is not", (url) => expect(safeLink(url)).toBeNull());
});

describe("values", () => {
  test("what cannot be seen is shown, what can be seen stays", () => {
    expect(visible("a\u200bb\u202ec\ufeff")).toBe("a⟨U+200B⟩b⟨U+202E⟩c⟨U+FEFF⟩");
    expect(visible("Zürich 東京 😀\tx\n")).toBe("Zürich 東京 😀\tx\n");
  });

  test("nothing, empty, yes and no are words", () => {
    expect([null, undefined, "", true, false, 0, [1], { a: 1 }].map(inWords)).toEqual([
      "none",
      "none",
      "empty",
      "yes",
      "no",
      "0",
      "[1]",
      '{"a":1}',
    ]);
  });
});

test("changes of an entity are its leaves, and what stays is counted", () => {
  const before = { properties: { version: "1", url: "u" }, relations: { service: ["a"] } };
  const after = { properties: { version: "2", url: "u", run: "r" }, relations: { service: ["a"] } };
  expect(changedFields(before, after)).toEqual({
    rows: [
      { field: "properties.version", before: "1", after: "2" },
      { field: "properties.run", before: undefined, after: "r" },
    ],
    same: 2,
  });
  expect(changedFields(null, { properties: {} })).toEqual({ rows: [], same: 0 });
});

test("lists of documents are compared one by one, lists of values as one", () => {
  const before = { steps: [{ ref: "main", tags: ["a"] }] };
  const after = { steps: [{ ref: "next", tags: ["a", "b"] }] };
  expect(changedFields(before, after).rows).toEqual([
    { field: "steps.0.ref", before: "main", after: "next" },
    { field: "steps.0.tags", before: ["a"], after: ["a", "b"] },
  ]);
});

describe("times", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  test.each([
    ["2026-11-21T11:59:58Z", "just now"],
    ["2026-11-21T12:00:30Z", "in less than a minute"],
    ["2026-11-21T11:55:00Z", "5 minutes ago"],
    ["2026-11-21T14:00:00Z", "in 2 hours"],
    ["2026-11-19T12:00:00Z", "2 days ago"],
  ])("%s is %s", (at, words) => expect(ago(at, now)).toBe(words));

  test.each([
    [400, "0 s"],
    [59_400, "59 s"],
    [72_000, "1 min 12 s"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [-5, "0 s"],
  ])("%i ms are %s", (ms, words) => expect(duration(ms)).toBe(words));
});
