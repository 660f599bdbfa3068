import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { LogLine } from "../src/api/types";
import { parseLine, plainText } from "../src/log/line";
import { LogStore } from "../src/log/logStore";
import { LogView } from "../src/log/LogView";
import { show } from "./render";

const ESC = "\u001b";
const line = (number: number, text = `line ${number}`, job = "test"): LogLine => ({
  number,
  step: "ship",
  job,
  text,
});
const many = (count: number) => Array.from({ length: count }, (_, index) => line(index + 1));
const now = (tell: () => void) => tell();

describe("a line", () => {
  test("loses its time stamp and its marker, and keeps what they say", () => {
    const parsed = parseLine("2026-11-21T10:00:01.1234567Z ##[error]It broke");
    expect(parsed).toEqual({
      time: "2026-11-21 10:00:01",
      kind: "error",
      spans: [{ text: "It broke", looks: [] }],
    });
    expect(parseLine("::error file=a.py,line=3::It broke").kind).toBe("error");
    expect(parseLine("::error file=a.py,line=3::It broke").spans[0]?.text).toBe("It broke");
    expect(parseLine("##[group]Run tests").kind).toBe("group");
    expect(parseLine("##[nonsense]x")).toMatchObject({ kind: "plain", spans: [{ text: "##[nonsense]x" }] });
  });

  test("colours become names of our own set, never a style", () => {
    const { spans } = parseLine(`${ESC}[1;32mok${ESC}[0m then ${ESC}[38;2;1;2;3mexact${ESC}[0m`);
    expect(spans).toEqual([
      { text: "ok", looks: ["ansi-green", "bold"] },
      { text: " then ", looks: [] },
      { text: "exact", looks: [] },
    ]);
  });

  test("is text: markup stays what it is, and what cannot be seen is shown", () => {
    expect(parseLine("<img src=x onerror=alert(1)>").spans[0]?.text).toBe("<img src=x onerror=alert(1)>");
    expect(parseLine("safe\u202egpj.exe").spans[0]?.text).toBe("safe⟨U+202E⟩gpj.exe");
  });

  test("is searched as it is read", () => {
    expect(plainText(`2026-11-21T10:00:01Z ##[error]${ESC}[31mIt ${ESC}[1mbroke${ESC}[0m`)).toBe("It broke");
  });
});

describe("the store", () => {
  test("keeps each number once, in order, however batches overlap", () => {
    const store = new LogStore(now);
    store.append({ lines: many(3) });
    store.append({ lines: many(5) });
    store.append({ lines: many(2) });
    expect(store.lines.map((one) => one.number)).toEqual([1, 2, 3, 4, 5]);
    expect(store.last).toBe(5);
  });

  test("tells once for many batches of one frame", () => {
    const waiting: (() => void)[] = [];
    const store = new LogStore((tell) => waiting.push(tell));
    const heard = vi.fn();
    store.subscribe(heard);
    store.append({ lines: [line(1)] });
    store.append({ lines: [line(2)] });
    expect(store.count()).toBe(0);
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(store.count()).toBe(2);
  });
});

describe("the view", () => {
  // happy-dom lays nothing out: give the frame a height, and note where it is scrolled to.
  const scrolled: number[] = [];
  beforeEach(() => {
    scrolled.length = 0;
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(480);
    vi.spyOn(HTMLElement.prototype, "scrollHeight", "get").mockImplementation(function (this: HTMLElement) {
      const inner = this.firstElementChild;
      return inner instanceof HTMLElement ? Number.parseInt(inner.style.height, 10) || 0 : 0;
    });
    vi.spyOn(HTMLElement.prototype, "scrollTo").mockImplementation(function (
      this: HTMLElement,
      ...to: unknown[]
    ) {
      const top = (to[0] as ScrollToOptions).top ?? 0;
      scrolled.push(top);
      this.scrollTop = top;
      this.dispatchEvent(new Event("scroll"));
    } as HTMLElement["scrollTo"]);
  });

  const view = (store: LogStore, change: Partial<Parameters<typeof LogView>[0]> = {}) => {
    const onTarget = vi.fn();
    const given = {
      firstError: null,
      target: null,
      live: false,
      downloadUrl: "/logs.txt",
      onTarget,
      ...change,
    };
    show(<LogView store={store} {...given} />);
    return onTarget;
  };
  const filled = (lines: LogLine[]) => {
    const store = new LogStore(now);
    store.append({ lines });
    return store;
  };
  const shown = () => screen.getAllByRole("link", { name: /Link to line/ }).map((link) => link.textContent);

  test("draws what is in sight and no more, of a hundred thousand lines", () => {
    view(filled(many(100_000)));
    expect(shown()[0]).toBe("1");
    expect(shown().length).toBeGreaterThan(15);
    expect(shown().length).toBeLessThan(80);
    expect(screen.getByText("100,000 lines")).toBeTruthy();
  });

  test("each line has an address, and the one of the address is gone to and marked", async () => {
    view(filled(many(5_000)), { target: 4_000 });
    const link = await screen.findByRole("link", { name: "Link to line 4000" });
    expect(link.getAttribute("href")).toBe("#L4000");
    expect(link.closest("[data-marked]")).toBeTruthy();
    expect(document.querySelectorAll("[data-marked]")).toHaveLength(1);
  });

  test("a line that has not come yet is gone to when it comes", async () => {
    const store = filled(many(10));
    view(store, { target: 900, live: true });
    act(() => store.append({ lines: many(1_000) }));
    expect(await screen.findByRole("link", { name: "Link to line 900" })).toBeTruthy();
  });

  test("search counts, marks, and goes round", async () => {
    view(
      filled(
        many(400).map((one) => (one.number % 100 === 0 ? { ...one, text: `Hundred ${one.number}` } : one)),
      ),
    );
    await userEvent.type(screen.getByRole("textbox", { name: "Search in the log" }), "hundred");
    expect(screen.getByText("1 of 4")).toBeTruthy();
    expect((await screen.findByText("Hundred", { selector: "mark" })).textContent).toBe("Hundred");
    await userEvent.click(screen.getByRole("button", { name: "Previous match" }));
    expect(screen.getByText("4 of 4")).toBeTruthy();
    expect(await screen.findByRole("link", { name: "Link to line 400" })).toBeTruthy();
    await userEvent.keyboard("{Enter}");
  });

  test("says that nothing matches", async () => {
    view(filled(many(10)));
    await userEvent.type(screen.getByRole("textbox", { name: "Search in the log" }), "zebra");
    expect(screen.getByText("no match")).toBeTruthy();
  });

  test("the first error is one press away", async () => {
    const onTarget = view(filled(many(500)), { firstError: 321 });
    await userEvent.click(screen.getByRole("button", { name: "First error" }));
    expect(onTarget).toHaveBeenCalledWith(321);
  });

  test("follows new lines while they come, until somebody turns it off", async () => {
    const store = filled(many(200));
    view(store, { live: true });
    const before = Math.max(...scrolled);
    act(() => store.append({ lines: many(400) }));
    expect(Math.max(...scrolled)).toBeGreaterThan(before);
    const after = scrolled.length;
    await userEvent.click(screen.getByRole("button", { name: "Following" }));
    act(() => store.append({ lines: many(800) }));
    expect(scrolled.length).toBe(after);
    expect(screen.getByRole("button", { name: "Follow" })).toBeTruthy();
  });

  test("a run that has ended has nothing to follow", () => {
    view(filled(many(3)));
    expect(screen.queryByRole("button", { name: /Follow/ })).toBeNull();
  });

  test("an empty log says so", () => {
    view(new LogStore(now), { live: true });
    expect(screen.getByText("There are no log lines yet.")).toBeTruthy();
  });
});
