import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { render, screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import type { RunState } from "../src/api/types";
import {
  approvalLook,
  attemptLook,
  externalLook,
  isMoving,
  runLook,
  stepLook,
  taskLook,
  type Look,
} from "../src/states/states";
import { StateBadge, StateIcon } from "../src/states/StateBadge";
import { text } from "../src/text";

const SRC = join(import.meta.dirname, "../src");
const ALL: readonly [string, Record<string, string>, (state: never) => Look][] = [
  ["runs", text.states.run, runLook],
  ["steps", text.states.step, stepLook],
  ["attempts", text.states.attempt, attemptLook],
  ["external runs", text.states.external, externalLook],
  ["approvals", text.states.approval, approvalLook],
  ["tasks", text.states.task, taskLook],
];

describe.each(ALL)("%s", (_, words, look) => {
  test.each(Object.entries(words))("%s is an icon, a word and a tone", (state, word) => {
    const { container } = render(<StateBadge look={look(state as never)} />);
    expect(screen.getByText(word)).toBeTruthy();
    expect(container.querySelector("svg")?.getAttribute("aria-hidden")).toBe("true");
    expect(container.querySelector("[data-tone]")?.getAttribute("data-tone")).toBe(look(state as never).tone);
  });

  test("only what succeeded looks good", () => {
    const good = Object.keys(words).filter((state) => look(state as never).tone === "good");
    expect(["succeeded", "accepted", "approved", "done"]).toEqual(expect.arrayContaining(good));
    expect(good).toHaveLength(1);
  });
});

test("one word has one look everywhere, whatever it is the state of", () => {
  const looks = new Map<string, Set<string>>();
  for (const [, words, look] of ALL) {
    for (const state of Object.keys(words)) {
      const { word, tone, icon } = look(state as never);
      looks.set(word, (looks.get(word) ?? new Set()).add(`${tone} ${icon.displayName}`));
    }
  }
  expect([...looks].filter(([, several]) => several.size > 1)).toEqual([]);
  expect(looks.get("Failed")).toEqual(new Set(["bad CircleX"]));
});

describe("a tone is one colour in each theme", () => {
  const tones = [
    ...new Set(ALL.flatMap(([, words, look]) => Object.keys(words).map((one) => look(one as never).tone))),
  ];
  const css = (path: string) => readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const tokens = css(join(SRC, "app/tokens.css"));
  /** What blocks of this selector declare: name and value, each as often as it is declared. */
  const declared = (selector: string) =>
    [...tokens.matchAll(/([^{}]+)\{([^{}]*)\}/g)]
      .filter(([, heads]) => heads?.split(",").some((head) => head.trim() === selector))
      .flatMap(([, , body]) => [...(body ?? "").matchAll(/(--[\w-]+):\s*([^;]+);/g)])
      .map(([, name = "", value = ""]) => [name, value.trim()] as const);

  test.each(["light", "dark"])("%s", (theme) => {
    const all = declared(`:root[data-mantine-color-scheme="${theme}"]`);
    for (const name of tones.flatMap((tone) => [`--${tone}-text`, `--${tone}-fill`, `--${tone}-line`])) {
      const values = all.filter(([one]) => one === name).map(([, value]) => value);
      expect(values, name).toHaveLength(1);
      expect(values[0]).toMatch(/^#[0-9a-f]{6}$/);
    }
    const texts = new Map(all.filter(([name]) => name.endsWith("-text")));
    const loud = tones.filter((tone) => tone !== "quiet" && tone !== "stopped");
    expect(new Set(loud.map((tone) => texts.get(`--${tone}-text`))).size, "no two look alike").toBe(
      loud.length,
    );
  });

  test("and whatever says its tone gets that colour and no other", () => {
    for (const tone of tones) {
      expect(declared(`[data-tone="${tone}"]`)).toEqual(
        ["text", "fill", "line"].map((part) => [`--tone-${part}`, `var(--${tone}-${part})`]),
      );
    }
    const sheets = readdirSync(SRC, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".css") && entry.name !== "tokens.css")
      .map((entry) => join(entry.parentPath, entry.name));
    expect(sheets.length).toBeGreaterThan(30);
    expect(sheets.filter((path) => /--tone-\w+\s*:|\[data-tone=/.test(css(path)))).toEqual([]);
    const badge = css(join(SRC, "states/StateBadge.module.css"));
    expect(
      [...badge.matchAll(/^\s*(?:color|background|border(?:-color)?):\s*([^;]+);/gm)].map(
        ([, value]) => value,
      ),
    ).toEqual(["var(--tone-text)", "1px solid var(--tone-line)", "var(--tone-fill)"]);
  });
});

test("a state that this page does not know is shown as unknown, with its own name", () => {
  const look = runLook("levitating" as RunState);
  expect(look).toMatchObject({ tone: "attention", word: "levitating" });
});

test("an icon alone still has its word for screen readers", () => {
  render(<StateIcon look={runLook("failed")} />);
  expect(screen.getByText("Failed").className).toBe("visually-hidden");
});

test("every state is moving or an end, and the ends are known", () => {
  const ends = Object.keys(text.states.run).filter((state) => !isMoving(state as RunState));
  expect(ends.sort()).toEqual([
    "cancelled",
    "expired",
    "failed",
    "refused",
    "rejected",
    "succeeded",
    "superseded",
    "withdrawn",
  ]);
});
