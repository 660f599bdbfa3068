/** Every screen is looked at in a browser (tests/browser/test_screens.py), or it is said here where else it is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { matchPath } from "react-router";
import { expect, test } from "vitest";
import { routes } from "../src/app/router";

const SCREENS = join(import.meta.dirname, "../../../tests/browser/test_screens.py");
const ELSEWHERE: Record<string, string> = {
  "approvals/:id": "_asking: the run that it makes has one",
  "freezes/:id": "_one_of_each",
  "schedules/:id": "_one_of_each",
  "freezes/:id/change": "the screen of freezes/new, with what was there filled in",
  "schedules/:id/change": "the screen of schedules/new, with what was there filled in",
  "tasks/:id": "_incident (make screens)",
  "triggers/:id": "_incident (make screens)",
  "events/:id": "_incident (make screens)",
};

const paths = (routes[0]?.children?.[0]?.children ?? []).flatMap((route) => route.path ?? []);

/** What stands in the tables of addresses, without what narrows them. */
function addresses(): string[] {
  const tables = readFileSync(SCREENS, "utf8").split(/^FREEZE = /m)[0] ?? "";
  return [...tables.matchAll(/^ {4}"[a-z-]+": "(\/[^"?]*)/gm)].map(([, address]) => address ?? "");
}

test("every path of the page is among the screens that are looked at, or it is said why not", () => {
  expect(paths.length).toBeGreaterThan(30);
  const narrower = paths.filter((path) => path !== "*");
  const shown = addresses().map(
    // The first that fits without a parameter, as the router takes it: /freezes/new is no freeze.
    (address) =>
      narrower.find((path) => `/${path}` === address) ??
      narrower.find((path) => matchPath(`/${path}`, address)) ??
      "*",
  );
  const unseen = paths.filter((path) => !shown.includes(path) && !(path in ELSEWHERE));
  expect(unseen).toEqual([]);
});

test("what is said to be looked at elsewhere is a path of the page", () => {
  expect(Object.keys(ELSEWHERE).filter((path) => !paths.includes(path))).toEqual([]);
});
