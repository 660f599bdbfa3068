/** A part that breaks does not know what has arrived, and does not say that it does. */
import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Broken } from "../src/app/Broken";
import { ProblemNote } from "../src/parts/Problem";
import { show, visit } from "./render";

afterEach(() => {
  vi.restoreAllMocks();
});

function Breaks(): never {
  throw new Error("no such thing");
}

function expectHonest(): void {
  const alert = screen.getByRole("alert");
  expect(alert.textContent).toContain(
    "What you did last may have arrived. Look in Runs before you do it again.",
  );
  expect(alert.textContent).not.toContain("Nothing was sent");
  const link = screen.getByRole("link", { name: "Look in my runs" });
  expect(link.getAttribute("href")).toBe("/runs?mine=true");
}

test("a screen that breaks while it is drawn says that what was done last may have arrived", () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // React and the router tell of it, rightly
  visit("/", [{ path: "/", Component: Breaks, ErrorBoundary: Broken }]);
  expectHonest();
});

test("so does an error that is none of the server's", () => {
  show(<ProblemNote error={new RangeError("Invalid time value")} />);
  expectHonest();
});
