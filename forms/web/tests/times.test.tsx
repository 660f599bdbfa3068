import { act, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Moment, Until, When } from "../src/parts/Times";
import { exact } from "../src/parts/time";
import { show } from "./render";

const AT = "2036-12-01T06:54:45Z";

test.each([
  ["until when", <Until key="1" at={AT} />],
  ["a moment", <Moment key="2" at={AT} />],
])("%s is told once, and the exact time on hover", (_, element) => {
  show(element);
  const time = screen.getByText(/2036/);
  expect(time.textContent).not.toContain("UTC");
  expect(time.textContent?.match(/2036/g)).toHaveLength(1);
  expect(time.textContent, "nobody plans by the second").not.toContain(":45");
  expect(time.title).toBe(exact(AT));
  expect(time.title).toContain("2036-12-01 06:54:45 UTC");
});

test("when it was is told by how long ago, moves on by itself, and the exact time is there on hover", () => {
  vi.useFakeTimers({ now: new Date("2036-12-01T07:00:00Z") });
  show(<When at={AT} />);
  const time = screen.getByText("5 minutes ago");
  expect(time.tagName).toBe("TIME");
  expect(time.getAttribute("datetime")).toBe(AT);
  expect(time.title).toBe(exact(AT));
  expect(time.title).toContain("2036-12-01 06:54:45 UTC");
  act(() => vi.advanceTimersByTime(60_000));
  expect(time.textContent).toBe("6 minutes ago");
  expect(time.title).toBe(exact(AT));
});

test("when it will be is told by how long that is, and a time that nobody knows as such", () => {
  vi.useFakeTimers({ now: new Date("2036-12-01T04:00:00Z") });
  show(
    <>
      <When at={AT} />
      <When at={null} />
    </>,
  );
  expect(screen.getByText("in 2 hours").title).toBe(exact(AT));
  expect(screen.getByText("not yet").tagName).toBe("SPAN");
});
