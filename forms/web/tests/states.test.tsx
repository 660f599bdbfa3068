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
  type Look,
} from "../src/states/states";
import { StateBadge, StateIcon } from "../src/states/StateBadge";
import { text } from "../src/text";

const ALL: readonly [string, Record<string, string>, (state: never) => Look][] = [
  ["runs", text.states.run, runLook],
  ["steps", text.states.step, stepLook],
  ["attempts", text.states.attempt, attemptLook],
  ["external runs", text.states.external, externalLook],
  ["approvals", text.states.approval, approvalLook],
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
    expect(["succeeded", "accepted", "approved"]).toEqual(expect.arrayContaining(good));
    expect(good).toHaveLength(1);
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
