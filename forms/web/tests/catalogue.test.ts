/** Every word of the page stands in src/text, so that it can be translated in one place. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");
const SPOKEN = new Set(["aria-label", "title", "label", "placeholder", "description", "alt", "error"]);

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "text" ? [] : files(path);
    return entry.name.endsWith(".tsx") ? [path] : [];
  });
}

/** Text between tags, and attributes that are read to somebody. */
function spokenIn(path: string, source: string = readFileSync(path, "utf8")): string[] {
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isJsxText(node) && /\p{L}/u.test(node.text)) found.push(node.text.trim());
    if (ts.isJsxAttribute(node) && SPOKEN.has(node.name.getText()) && node.initializer) {
      const value = node.initializer;
      if (ts.isStringLiteral(value) && /\p{L}/u.test(value.text)) found.push(value.text);
    }
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found.map((words) => `${path.slice(SRC.length + 1)}: ${words}`);
}

test("no screen has words of its own", () => {
  expect(files(SRC).length).toBeGreaterThan(50);
  expect(files(SRC).flatMap((path) => spokenIn(path))).toEqual([]);
});

test("words would be found", () => {
  const source = 'const a = <p title="Press">Go on {b}</p>;';
  expect(spokenIn(join(SRC, "x.tsx"), source)).toEqual(["x.tsx: Press", "x.tsx: Go on"]);
});
