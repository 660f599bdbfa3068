import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { LogLine } from "../src/api/types";
import { parseLine, plainText } from "../src/log/line";
import { LogView } from "../src/log/LogView";
import { Gaps } from "../src/log/gaps";
import { piecesOf } from "../src/log/marks";
import { CHUNK, LogWindow, MOST } from "../src/log/logWindow";
import { PartOfLog } from "../src/log/partOfLog";
import type { Part, ReadPart } from "../src/log/useLog";
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

  test("of which a phrase is looked for is marked across its colours, every time, whatever the case", () => {
    const { spans } = parseLine(`Tests ${ESC}[31mfailed: ${ESC}[1m2${ESC}[0m of 9, tests FAILED: 2`);
    const marked = (find: string) =>
      piecesOf(spans, find).map((pieces) =>
        pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join(""),
      );
    expect(marked("tests failed: 2 ")).toEqual(["[Tests ]", "[failed: ]", "[2]", "[ ]of 9, tests FAILED: 2"]);
    expect(marked("failed: 2")).toEqual(["Tests ", "[failed: ]", "[2]", " of 9, tests [FAILED: 2]"]);
    expect(marked("ed")).toEqual(["Tests ", "fail[ed]: ", "2", " of 9, tests FAIL[ED]: 2"]);
    expect(marked("")).toEqual(["Tests ", "failed: ", "2", " of 9, tests FAILED: 2"]);
  });

  test("is told without its marks", () => {
    expect(plainText(`2026-11-21T10:00:01Z ##[error]${ESC}[31mIt ${ESC}[1mbroke${ESC}[0m`)).toBe("It broke");
  });
});

/** A server that has these lines; `seen` are the questions that it was asked. */
function serving(lines: LogLine[], not_searched = 0) {
  const seen: Parameters<ReadPart>[0][] = [];
  const read: ReadPart = (asked) => {
    seen.push(asked);
    const { after, limit, part, find } = asked;
    const fits = lines.filter(
      (one) =>
        one.number > after &&
        (!part || (one.step === part.step && (part.job === null || one.job === part.job))) &&
        one.text.toLowerCase().includes(find.toLowerCase()),
    );
    const some = fits.slice(0, limit);
    const last = some.at(-1)?.number ?? after;
    const next = find && some.length < limit ? lines.length : last;
    return Promise.resolve({ lines: some, next, ...(find ? { not_searched } : {}) });
  };
  const log = new LogWindow(
    (after, limit, signal) => read({ after, limit, part: null, find: "" }, signal),
    now,
  );
  return { lines, seen, read, log };
}
const settle = () => act(() => new Promise<void>((done) => setTimeout(done, 0)));

/** Lines with a gap: those in between are left out, and a sentence stands in their place. */
function gapped(count: number, first: number, last: number): LogLine[] {
  const gap = { ...line(last, "… lines are left out here"), left_out: last - first + 1 };
  return many(count).flatMap((one) =>
    one.number === last ? [gap] : one.number < first || one.number > last ? [one] : [],
  );
}

describe("the gaps of a log", () => {
  test("hide numbers, and each number has one place", () => {
    const gaps = new Gaps();
    expect([gaps.learn({ first: 5, last: 8 }), gaps.learn({ first: 20, last: 20 })]).toEqual([true, true]);
    const numbers = [1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];
    expect(numbers.map((_, index) => gaps.numberAt(index))).toEqual(numbers);
    expect(numbers.map((number) => gaps.indexOf(number))).toEqual(numbers.map((_, index) => index));
    expect(gaps.indexOf(6)).toBe(4);
  });

  test("grow, and what is known is no news", () => {
    const gaps = new Gaps();
    gaps.learn({ first: 5, last: 8 });
    expect(gaps.learn({ first: 5, last: 8 })).toBe(false);
    expect(gaps.learn({ first: 5, last: 7 })).toBe(false);
    expect(gaps.learn({ first: 3, last: 9 })).toBe(true);
    expect([gaps.indexOf(9), gaps.indexOf(10), gaps.numberAt(2), gaps.numberAt(3)]).toEqual([2, 3, 9, 10]);
  });
});

describe("the window", () => {
  test("of a long log has the head, the gap as one line, and the tail under its own numbers", async () => {
    const { log, seen } = serving(gapped(1_000_000, 701, 999_000));
    log.grown(1_000_000);
    log.without([{ first: 701, last: 999_000 }]);
    expect([log.count(), log.last()]).toEqual([1_701, 1_000_000]);
    log.want(600, 900);
    await settle();
    expect([699, 700, 701].map((index) => log.at(index)?.number)).toEqual([700, 999_000, 999_001]);
    log.want(1_690, 1_700);
    await settle();
    expect(log.at(1_700)?.number).toBe(1_000_000);
    expect(await log.until(999_001)).toBe(701);
    expect(await log.until(5_000)).toBe(700);
    expect(seen.map((asked) => asked.after)).toEqual([500, 999_799]);
  });

  test("learns of a gap by reading into it, and by lines that come", async () => {
    const { log } = serving(gapped(2_000, 101, 1_900));
    log.grown(2_000);
    log.want(50, 150);
    await settle();
    expect(log.count()).toBe(201);
    expect([100, 101, 200].map((index) => log.at(index)?.number)).toEqual([1_900, 1_901, 2_000]);
    log.append({ lines: [{ ...line(1_950, "…"), left_out: 1_850 }, line(2_001)] });
    expect(log.count()).toBe(152);
    log.want(90, 151);
    await settle();
    expect(log.at(100)?.number).toBe(1_900);
  });

  test("reads what is looked at, once, and knows how much there is", async () => {
    const { log, seen } = serving(many(10_000));
    log.grown(10_000);
    expect([log.count(), log.at(0)]).toEqual([10_000, undefined]);
    log.want(5_000, 5_100);
    log.want(5_001, 5_101);
    await settle();
    expect(log.at(5_050)?.number).toBe(5_051);
    expect(seen).toEqual([{ after: 5_000, limit: CHUNK, part: null, find: "" }]);
    log.want(5_000, 5_100);
    expect(seen).toHaveLength(1);
  });

  test("forgets what has long been out of sight, and never what is in it", async () => {
    const { log } = serving(many(CHUNK * (MOST + 20)));
    log.grown(CHUNK * (MOST + 20));
    for (let chunk = 0; chunk < MOST + 20; chunk += 1) {
      log.want(chunk * CHUNK, chunk * CHUNK + 10);
      await settle();
    }
    const here = Array.from({ length: MOST + 20 }, (_, chunk) => log.at(chunk * CHUNK) !== undefined);
    expect(here.filter(Boolean)).toHaveLength(MOST);
    expect(here.at(-1)).toBe(true);
    expect(here[0]).toBe(false);
  });

  test("keeps each number once, in order, however batches overlap", () => {
    const { log } = serving([]);
    log.append({ lines: many(3) });
    log.append({ lines: many(5) });
    log.append({ lines: many(2) });
    expect(log.count()).toBe(5);
    expect([0, 1, 2, 3, 4, 5].map((index) => log.at(index)?.number)).toEqual([1, 2, 3, 4, 5, undefined]);
  });

  test("lines that come while older ones of their place are read are there in the end", async () => {
    const { log, lines } = serving(many(1_200));
    log.grown(1_200);
    log.want(1_000, 1_199);
    lines.push(line(1_201), line(1_202));
    log.append({ lines: [line(1_201)] });
    log.append({ lines: [line(1_202)] });
    await settle();
    expect([1_199, 1_200, 1_201].map((index) => log.at(index)?.number)).toEqual([1_200, 1_201, 1_202]);
  });

  test("what could not be read is said, and asked for again when somebody wants it", async () => {
    let away = true;
    const log = new LogWindow(
      () => (away ? Promise.reject(new Error("away")) : Promise.resolve({ lines: many(3), next: 3 })),
      now,
    );
    log.grown(3);
    log.want(0, 2);
    await settle();
    expect(log.failed()).toBeTruthy();
    away = false;
    log.again();
    await settle();
    expect([log.failed(), log.at(2)?.number]).toEqual([null, 3]);
  });

  test("tells once for many batches of one frame", () => {
    const waiting: (() => void)[] = [];
    const log = new LogWindow(
      () => Promise.reject(new Error("not asked")),
      (tell) => waiting.push(tell),
    );
    const heard = vi.fn();
    log.subscribe(heard);
    log.append({ lines: [line(1)] });
    log.append({ lines: [line(2)] });
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(log.count()).toBe(2);
  });
});

test("lines of a part that come while it is read are read after it", async () => {
  const { lines, read } = serving(many(3));
  const part = new PartOfLog(
    (after, limit, signal) => read({ after, limit, part: null, find: "" }, signal),
    now,
  );
  part.again();
  await settle();
  part.want(0, 2);
  part.again();
  lines.push(line(4));
  part.again();
  await settle();
  expect([part.count(), part.whole(), part.at(3)?.number]).toEqual([4, true, 4]);
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

  interface Given extends Partial<Parameters<typeof LogView>[0]> {
    part?: Part | null;
    looked?: string;
  }
  const view = (served: ReturnType<typeof serving>, { part = null, looked = "", ...change }: Given = {}) => {
    const onTarget = vi.fn();
    function Here() {
      const [find, setFind] = useState(looked);
      const [shownPart, setPart] = useState(part);
      return (
        <LogView
          {...{ log: served.log, read: served.read, parts: [], firstError: null, target: null, live: false }}
          address={{ find, setFind, part: shownPart, setPart }}
          downloadUrl="/logs.txt"
          onTarget={onTarget}
          {...change}
        />
      );
    }
    show(<Here />);
    return onTarget;
  };
  const filled = (lines: LogLine[]) => {
    const served = serving(lines);
    served.log.grown(lines.length);
    return served;
  };
  const search = (words: string) =>
    fireEvent.change(screen.getByRole("textbox", { name: "Search in the log" }), {
      target: { value: words },
    });
  const shown = () => screen.getAllByRole("link", { name: /Link to line/ }).map((link) => link.textContent);

  test("draws and reads what is in sight and no more, of a hundred thousand lines", async () => {
    const served = filled(many(100_000));
    view(served);
    await screen.findByRole("link", { name: "Link to line 1" });
    expect(shown()[0]).toBe("1");
    expect(shown().length).toBeGreaterThan(15);
    expect(shown().length).toBeLessThan(80);
    expect(screen.getByText("100,000 lines")).toBeTruthy();
    expect(served.seen).toHaveLength(1);
  });

  test("each line has an address, and the one of the address is gone to and marked", async () => {
    view(filled(many(5_000)), { target: 4_000 });
    const link = await screen.findByRole("link", { name: "Link to line 4000" });
    expect(link.getAttribute("href")).toBe("#L4000");
    expect(link.closest("[data-marked]")).toBeTruthy();
    expect(document.querySelectorAll("[data-marked]")).toHaveLength(1);
  });

  test("a line that has not come yet is gone to when it comes", async () => {
    const served = filled(many(10));
    view(served, { target: 900, live: true });
    await screen.findByRole("link", { name: "Link to line 1" });
    served.lines.push(...many(1_000).slice(10));
    act(() => served.log.append({ lines: served.lines.slice(10) }));
    expect(await screen.findByRole("link", { name: "Link to line 900" })).toBeTruthy();
  });

  test("search asks the server, counts, marks, and goes round", async () => {
    const hundreds = many(4_000).map((one) =>
      one.number % 1_000 === 0 ? { ...one, text: `Thousand ${one.number}` } : one,
    );
    view(filled(hundreds));
    search("thousand");
    expect(await screen.findByText("1 of 4")).toBeTruthy();
    expect((await screen.findByText("Thousand", { selector: "mark" })).textContent).toBe("Thousand");
    await userEvent.click(screen.getByRole("button", { name: "Previous match" }));
    expect(await screen.findByText("4 of 4")).toBeTruthy();
    expect(await screen.findByRole("link", { name: "Link to line 4000" })).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Next match" }));
    expect(await screen.findByText("1 of 4")).toBeTruthy();
  });

  const thousands = many(4_000).map((one) =>
    one.number % 1_000 === 0 ? { ...one, text: `Thousand ${one.number}` } : one,
  );

  test("a link to a line leads there, also where its sender had looked for something", async () => {
    view(filled(thousands), { looked: "thousand", target: 2_500 });
    const link = await screen.findByRole("link", { name: "Link to line 2500" });
    expect(link.closest("[data-marked]")).toBeTruthy();
    expect(await screen.findByText("3 of 4")).toBeTruthy();
    await settle();
    expect(
      screen.queryByRole("link", { name: "Link to line 1000" }),
      "the first place is not gone to",
    ).toBeNull();
    expect(screen.getByRole("link", { name: "Link to line 2500" })).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Next match" }));
    expect(await screen.findByRole("link", { name: "Link to line 4000" })).toBeTruthy();
    search("thousand 1");
    expect(await screen.findByText("1 of 1")).toBeTruthy();
    expect(await screen.findByRole("link", { name: "Link to line 1000" })).toBeTruthy();
  });

  test("in another part the search begins anew, and goes to its first place", async () => {
    const parts = [
      { step: "ship", job: "test" },
      { step: "ship", job: "deploy" },
    ];
    const two = thousands.map((one) => (one.number > 2_000 ? { ...one, job: "deploy" } : one));
    view(filled(two), { parts, looked: "thousand" });
    expect(await screen.findByText("1 of 4")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Previous match" }));
    expect(await screen.findByText("4 of 4")).toBeTruthy();
    await userEvent.click(screen.getByRole("combobox", { name: "Step or job" }));
    await userEvent.click(await screen.findByRole("option", { name: "deploy" }));
    expect(await screen.findByText("1 of 2")).toBeTruthy();
    const link = await screen.findByRole("link", { name: "Link to line 3000" });
    expect(link.closest("[data-current]")).toBeTruthy();
  });

  test("where nobody could look is said beside what was found, and beside that nothing was", async () => {
    const said = "800 lines of this log are not kept, and nothing was looked for in them.";
    const served = serving(many(10), 800);
    served.log.grown(10);
    view(served);
    expect(screen.queryByText(said)).toBeNull();
    search("line 7");
    expect(await screen.findByText("1 of 1")).toBeTruthy();
    expect(screen.getByText(said)).toBeTruthy();
    search("zebra");
    expect(await screen.findByText("no match")).toBeTruthy();
    expect(screen.getByText(said), "and not before it is known").toBeTruthy();
    search("");
    await waitFor(() => expect(screen.queryByText(said)).toBeNull());
  });

  test("more places than are asked for at once are said to be more, and gone on to", async () => {
    view(filled(many(1_500)));
    search("line");
    expect(await screen.findByText("1 of 1,000+")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Previous match" }));
    await screen.findByText("1000 of 1,000+");
    await userEvent.click(screen.getByRole("button", { name: "Next match" }));
    expect(await screen.findByText("1001 of 1,500")).toBeTruthy();
  });

  test("a gap is shown as what it is", async () => {
    const served = serving(gapped(40, 11, 30));
    served.log.grown(40);
    view(served);
    expect(await screen.findByText("… lines are left out here")).toBeTruthy();
    const link = screen.getByRole("link", { name: "Link to lines 11 to 30, which are left out" });
    expect([link.textContent, link.closest("[data-kind]")?.getAttribute("data-kind")]).toEqual(["…", "gap"]);
    expect(shown().at(-1)).toBe("40");
  });

  test("says that nothing matches", async () => {
    view(filled(many(10)));
    search("zebra");
    expect(await screen.findByText("no match")).toBeTruthy();
  });

  test("one job's lines are asked for as such, keep their numbers, and can be left", async () => {
    const two = many(100).map((one) => (one.number % 2 ? one : { ...one, job: "deploy" }));
    const parts = [
      { step: "ship", job: "test" },
      { step: "ship", job: "deploy" },
    ];
    const served = filled(two);
    view(served, { parts, part: { step: "ship", job: "deploy" } });
    await screen.findByRole("link", { name: "Link to line 2" });
    expect(shown().slice(0, 3)).toEqual(["2", "4", "6"]);
    expect(screen.getByText("50 lines")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Download this part" })).toBeTruthy();
    expect(served.seen.every((asked) => asked.part?.job === "deploy")).toBe(true);
  });

  test("of more than a million lines a million are scrolled at once", async () => {
    const served = serving([]);
    served.log.grown(2_500_000);
    view(served);
    expect(screen.getByText("Lines 1 to 1,000,000 of 2,500,000")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Later lines" }));
    await userEvent.click(screen.getByRole("button", { name: "Later lines" }));
    expect(screen.getByText("Lines 2,000,001 to 2,500,000 of 2,500,000")).toBeTruthy();
    await waitFor(() => expect(served.seen.at(-1)?.after).toBe(2_000_000));
  });

  test("the first error is one press away", async () => {
    const onTarget = view(filled(many(500)), { firstError: 321 });
    await userEvent.click(screen.getByRole("button", { name: "First error" }));
    expect(onTarget).toHaveBeenCalledWith(321);
  });

  test("follows new lines while they come, until somebody turns it off", async () => {
    const served = filled(many(200));
    view(served, { live: true });
    const before = Math.max(...scrolled);
    act(() => served.log.append({ lines: many(400) }));
    expect(Math.max(...scrolled)).toBeGreaterThan(before);
    await userEvent.click(screen.getByRole("button", { name: "Following" }));
    const after = scrolled.length;
    act(() => served.log.append({ lines: many(800) }));
    expect(scrolled.length).toBe(after);
    expect(screen.getByRole("button", { name: "Follow" })).toBeTruthy();
  });

  test("the last lines are followed, although the run has ended before they come", async () => {
    const served = filled(many(200));
    function Ending() {
      const [live, setLive] = useState(true);
      return (
        <>
          <button onClick={() => setLive(false)}>end</button>
          <LogView
            {...{ log: served.log, read: served.read, parts: [], firstError: null, target: null, live }}
            address={{ find: "", setFind: vi.fn(), part: null, setPart: vi.fn() }}
            downloadUrl="/logs.txt"
            onTarget={vi.fn()}
          />
        </>
      );
    }
    show(<Ending />);
    await userEvent.click(screen.getByRole("button", { name: "end" }));
    const before = Math.max(...scrolled);
    act(() => served.log.append({ lines: many(400) }));
    expect(Math.max(...scrolled)).toBeGreaterThan(before);
  });

  test("a run that has ended has nothing to follow", () => {
    view(filled(many(3)));
    expect(screen.queryByRole("button", { name: /Follow/ })).toBeNull();
  });

  test("an empty log says so", () => {
    view(serving([]), { live: true });
    expect(screen.getByText("There are no log lines yet.")).toBeTruthy();
  });
});
