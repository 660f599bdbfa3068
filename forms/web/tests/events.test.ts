import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  HIDDEN,
  POLL,
  POLL_HIDDEN,
  RETRY,
  SILENCE,
  Watch,
  type Mode,
  type RunEvents,
} from "../src/api/events";
import { FakeSource } from "./fakeSource";

let sources: FakeSource[];
let modes: Mode[];
let polls: number;
let page: EventTarget & { hidden: boolean };
let known: number;
const logs: number[] = [];

let watched: Watch<RunEvents>;

function watch(): Watch<RunEvents> {
  sources = [];
  modes = [];
  polls = 0;
  known = 0;
  logs.length = 0;
  page = Object.assign(new EventTarget(), { hidden: false });
  return (watched = new Watch<RunEvents>({
    url: () => `/events?after=${known}`,
    open: (url) => {
      const source = new FakeSource(url);
      sources.push(source);
      return source;
    },
    on: { log: (batch) => logs.push(batch.next) },
    poll: () => (polls += 1),
    onMode: (mode) => modes.push(mode),
    page,
  }));
}
const last = (): FakeSource => sources.at(-1) as FakeSource;
const hide = (hidden: boolean) => {
  page.hidden = hidden;
  page.dispatchEvent(new Event("visibilitychange"));
};

beforeEach(() => void vi.useFakeTimers());

/** A page that streamed, and that nobody has looked at for so long that it streams no more. */
function watchUnseen(): void {
  watch();
  last().send("ping");
  hide(true);
  for (let waited = 0; waited < HIDDEN; waited += 5_000) {
    last().send("ping");
    vi.advanceTimersByTime(5_000);
  }
}

describe("a stream that flows", () => {
  test("is live from the first event, gives events on, and never polls", () => {
    watch();
    last().send("log", { lines: [], next: 7 });
    for (let ping = 0; ping < 20; ping += 1) {
      vi.advanceTimersByTime(5_000);
      last().send("ping");
    }
    expect(modes).toEqual(["live"]);
    expect(logs).toEqual([7]);
    expect(polls).toBe(0);
    expect(sources).toHaveLength(1);
  });

  test("is closed at its end and not opened again", () => {
    watch();
    last().send("ping");
    last().send("end");
    vi.advanceTimersByTime(RETRY * 3);
    expect(modes).toEqual(["live", "ended"]);
    expect(last().closed).toBe(true);
    expect(sources).toHaveLength(1);
    expect(polls).toBe(0);
  });
});

describe("a stream that is silent", () => {
  test("is given up, polled for instead, and said to be", () => {
    watch();
    vi.advanceTimersByTime(SILENCE - 1);
    expect(polls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(modes).toEqual(["polling"]);
    expect(last().closed).toBe(true);
    expect(polls).toBe(1);
    vi.advanceTimersByTime(POLL * 3);
    expect(polls).toBe(4);
  });

  test("is tried again, from what is known by then, and polling stops when it flows", () => {
    watch();
    vi.advanceTimersByTime(SILENCE);
    known = 120;
    vi.advanceTimersByTime(RETRY);
    expect(sources).toHaveLength(2);
    expect(last().url).toBe("/events?after=120");
    last().send("ping");
    const before = polls;
    vi.advanceTimersByTime(POLL * 3);
    expect(polls).toBe(before);
    expect(modes).toEqual(["polling", "live"]);
  });

  test("what a stream that was given up still sends is not listened to", () => {
    watch();
    const old = last();
    vi.advanceTimersByTime(SILENCE);
    old.send("log", { lines: [], next: 9 });
    expect(logs).toEqual([]);
    expect(modes).toEqual(["polling"]);
  });
});

test("a stream that the server refused is polled for at once", () => {
  watch();
  last().fail();
  expect(modes).toEqual(["polling"]);
  expect(polls).toBe(1);
});

test("a lost connection that the browser opens again by itself is left to it", () => {
  watch();
  last().send("ping");
  last().readyState = 0;
  last().send("error");
  vi.advanceTimersByTime(POLL);
  last().send("ping");
  expect(modes).toEqual(["live"]);
  expect(polls).toBe(0);
});

test("after a connection that the browser opened again, what may have been missed is looked for once", () => {
  watch();
  last().send("open");
  last().send("ping");
  expect(polls).toBe(0);
  last().send("open");
  expect(polls).toBe(1);
  expect(modes).toEqual(["live"]);
});

describe("a page that nobody looks at", () => {
  test("keeps its stream for a while, then gives it back and looks now and then", () => {
    watch();
    last().send("ping");
    hide(true);
    for (let waited = 0; waited < HIDDEN; waited += 5_000) {
      expect(last().closed).toBe(false);
      last().send("ping");
      vi.advanceTimersByTime(5_000);
    }
    expect(last().closed).toBe(true);
    const before = polls;
    vi.advanceTimersByTime(POLL_HIDDEN * 2);
    expect(polls).toBe(before + 2);
    expect(sources).toHaveLength(1);
  });

  test("looks at once when somebody comes back, and streams again", () => {
    watchUnseen();
    const before = polls;
    hide(false);
    expect(polls).toBe(before + 1);
    expect(sources).toHaveLength(2);
    vi.advanceTimersByTime(POLL * 2);
    expect(polls, "it streams, and polls no more").toBe(before + 1);
    last().send("ping");
    expect(modes, "nothing was held back, and nobody is told so").toEqual([
      "live",
      "resting",
      "connecting",
      "live",
    ]);
  });

  test("of which the stream was held back before polls and says so again, until it flows", () => {
    watch();
    vi.advanceTimersByTime(SILENCE);
    hide(true);
    vi.advanceTimersByTime(HIDDEN);
    expect(modes).toEqual(["polling", "resting"]);
    expect(last().closed).toBe(true);
    hide(false);
    expect(modes.at(-1)).toBe("polling");
    const before = polls;
    vi.advanceTimersByTime(POLL * 2);
    expect(polls).toBe(before + 2);
    last().send("ping");
    expect(modes.at(-1)).toBe("live");
    vi.advanceTimersByTime(POLL);
    expect(polls).toBe(before + 2);
  });
});

describe("what has ended, and could not say so in the stream", () => {
  test("is asked for no more, nor is its stream tried again, also when somebody comes back", () => {
    watch();
    vi.advanceTimersByTime(SILENCE);
    watched.finish();
    const before = polls;
    vi.advanceTimersByTime(RETRY * 3);
    hide(true);
    vi.advanceTimersByTime(HIDDEN * 2);
    hide(false);
    expect(polls).toBe(before);
    expect(sources).toHaveLength(1);
    expect(modes).toEqual(["polling", "ended"]);
  });

  test("is not looked for now and then by a page that nobody looks at", () => {
    watchUnseen();
    watched.finish();
    const before = polls;
    vi.advanceTimersByTime(POLL_HIDDEN * 3);
    expect(polls).toBe(before);
    expect(modes).toEqual(["live", "resting", "ended"]);
  });
});

test("nothing goes on after it was closed", () => {
  watch().close();
  vi.advanceTimersByTime(RETRY * 2);
  hide(false);
  expect(last().closed).toBe(true);
  expect(sources).toHaveLength(1);
  expect(polls).toBe(0);
});
