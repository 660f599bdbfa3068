/** Every word of the page stands in src/text, so that it can be translated in one place. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");
const GIVEN = new Set(["head", "word", "label", "placeholder"]);
const SPOKEN = new Set(["aria-label", "title", "label", "placeholder", "description", "alt", "error"]);

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "text" ? [] : files(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".gen.ts") ? [path] : [];
  });
}

/** What an expression may come to, where it is written out: branches, parts of templates, but not arguments of calls. */
function writtenOut(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [
      node.head.text,
      ...node.templateSpans.flatMap((span) => [span.literal.text, ...writtenOut(span.expression)]),
    ];
  if (ts.isParenthesizedExpression(node)) return writtenOut(node.expression);
  if (ts.isConditionalExpression(node)) return [...writtenOut(node.whenTrue), ...writtenOut(node.whenFalse)];
  if (ts.isBinaryExpression(node))
    return [node.left, node.right].flatMap((side) => (isTest(node) ? [] : writtenOut(side)));
  return [];
}

const COMPARES = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.InKeyword,
]);
const isTest = (node: ts.BinaryExpression): boolean => COMPARES.has(node.operatorToken.kind);

/** Text between tags, attributes that are read to somebody, and heads and words that a table or a state is given. */
function spokenIn(path: string, source: string = readFileSync(path, "utf8")): string[] {
  const found: string[] = [];
  const keep = (texts: readonly string[]) =>
    found.push(...texts.filter((text) => /\p{L}/u.test(text)).map((text) => text.trim()));
  const look = (node: ts.Node): void => {
    if (ts.isJsxText(node)) keep([node.text]);
    if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent))
      keep(writtenOut(node.expression));
    if (ts.isJsxAttribute(node) && SPOKEN.has(node.name.getText()) && node.initializer) {
      const value = ts.isJsxExpression(node.initializer) ? node.initializer.expression : node.initializer;
      if (value) keep(writtenOut(value));
    }
    if (ts.isPropertyAssignment(node) && GIVEN.has(node.name.getText())) keep(writtenOut(node.initializer));
    ts.forEachChild(node, look);
  };
  look(
    ts.createSourceFile(
      path,
      source,
      ts.ScriptTarget.Latest,
      true,
      path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
    ),
  );
  return found.map((words) => `${path.slice(SRC.length + 1)}: ${words}`);
}

test("no screen has words of its own", () => {
  expect(files(SRC).length).toBeGreaterThan(50);
  expect(files(SRC).flatMap((path) => spokenIn(path))).toEqual([]);
});

test("words would be found", () => {
  const said = (source: string) =>
    spokenIn(join(SRC, "x.tsx"), source).map((one) => one.slice("x.tsx: ".length));
  expect(said('const a = <p title="Press">Go on {b}</p>;')).toEqual(["Press", "Go on"]);
  expect(said('const a = <p title={b ? "Yes" : c}>{d && `Of ${e}`}{f.join(", and ")}</p>;')).toEqual([
    "Yes",
    "Of",
  ]);
  expect(said('const a = { head: "Name", tone: "bad" };')).toEqual(["Name"]);
  expect(said('const a = <p>{b === "good" && c}</p>;')).toEqual([]);
});
