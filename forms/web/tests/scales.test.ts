/** One scale of type, one of space, one of corners, and colours by their names: style sheets use the tokens and nothing else. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");
// Beside the scale: what is of the window or the device, and the bar at the bottom of a phone.
const SPACE = /^(0|auto|\d+vh|64px|env\(.+\)|var\(--space-[a-z0-9]+\)|calc\(.*var\(--space.*\))$/;
const RULES: readonly (readonly [RegExp, RegExp])[] = [
  [/^font-size$/, /^(var\(--text-[a-z]+\)|inherit)$/],
  [/^(row-|column-)?gap$|^(padding|margin)(-[a-z-]+)?$/, SPACE],
  [/^border-radius$/, /^((0|50%|var\(--round(-[a-z]+)?\))\s*)+$/],
  [/^(color|background(-color)?|border-color|fill|stroke)$/, /^(?!.*(#[0-9a-f]{3,8}\b|rgba?\(|hsl))/],
];

function sheets(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".css") && entry.name !== "tokens.css")
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Values that are on no scale, each with its property. */
export function offScale(source: string): string[] {
  const plain = source.replace(/\/\*[\s\S]*?\*\//g, "");
  return [...plain.matchAll(/([a-z-]+)\s*:\s*([^;{}]+);/g)].flatMap(([, property = "", value = ""]) => {
    const rule = RULES.find(([name]) => name.test(property));
    if (!rule) return [];
    const whole = rule[1] !== SPACE || value.includes("calc(");
    const parts = whole ? [value.trim()] : value.trim().split(/\s+/);
    return parts.every((part) => rule[1].test(part)) ? [] : [`${property}: ${value.trim()}`];
  });
}

test("every size, space, corner and colour is one of the tokens", () => {
  const found = sheets(SRC).filter((path) => !path.endsWith("ansi.css"));
  expect(found.length).toBeGreaterThan(30);
  const off = found.flatMap((path) =>
    offScale(readFileSync(path, "utf8")).map((what) => `${path.slice(SRC.length + 1)}: ${what}`),
  );
  expect(off).toEqual([]);
});

test("a value that is on no scale would be found", () => {
  expect(offScale("a { font-size: 15px; gap: var(--space-2) 3px; color: #fff; padding: 0 auto; }")).toEqual([
    "font-size: 15px",
    "gap: var(--space-2) 3px",
    "color: #fff",
  ]);
});
