/**
 * The log of a run as far as somebody looks at it. A log of a hundred megabytes is a million lines: the page knows how
 * many there are, reads those in sight, and forgets what has long been out of it.
 */
import type { LogBatch, LogLine } from "../api/types";
import { gapOf, Gaps, type Gap } from "./gaps";

export const CHUNK = 500; // lines that are read at once
export const MOST = 80; // chunks that are kept

/** Lines with numbers above `after`, at most `limit`. */
export type ReadLines = (after: number, limit: number, signal: AbortSignal) => Promise<LogBatch>;

/** Lines under an index, whichever of a log they are. */
export interface Lines {
  subscribe: (listener: () => void) => () => void;
  /** Changes whenever something has changed: a snapshot to compare. */
  version: () => number;
  count: () => number;
  /** False: `count` is what is known so far. */
  whole: () => boolean;
  at: (index: number) => LogLine | undefined;
  /** What somebody looks at; what is missing of it is read. */
  want: (first: number, last: number) => void;
  /** Where a line stands, once that is known; null: it is none of these, or not yet. */
  until: (number: number) => Promise<number | null>;
  failed: () => unknown;
  /** Ask again: for what could not be read, or may have come since. */
  again: () => void;
}

/** Tells listeners of changes at most once per frame. */
export abstract class Told {
  private readonly listeners = new Set<() => void>();
  private changes = 0;
  private due = false;

  constructor(private readonly soon: (tell: () => void) => void) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly version = (): number => this.changes;

  protected tell(): void {
    if (this.due) return;
    this.due = true;
    this.soon(() => {
      this.due = false;
      this.changes += 1;
      for (const listener of this.listeners) listener();
    });
  }
}

export const nextFrame = (tell: () => void): void => void requestAnimationFrame(tell);

/** All lines: each at the index that its number has when what is left out is one line. */
export class LogWindow extends Told implements Lines {
  /** Chunk by its index, the one that was looked at last at the end. A chunk may be cut short where the log ended. */
  private readonly chunks = new Map<number, LogLine[]>();
  private readonly reading = new Map<number, AbortController>();
  private readonly gaps = new Gaps();
  private total = 0;
  private problem: unknown = null;
  private sight: [number, number] = [0, 0];

  constructor(
    private readonly read: ReadLines,
    soon: (tell: () => void) => void = nextFrame,
  ) {
    super(soon);
  }

  readonly count = (): number => (this.total === 0 ? 0 : this.gaps.indexOf(this.total) + 1);
  /** The number of the last line. */
  readonly last = (): number => this.total;
  readonly whole = (): boolean => true;
  readonly failed = (): unknown => this.problem;
  readonly until = (number: number): Promise<number | null> =>
    Promise.resolve(number <= this.total ? this.gaps.indexOf(number) : null);
  readonly at = (index: number): LogLine | undefined =>
    this.chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK];

  /** The run says that it has so many lines. */
  grown(total: number): void {
    if (total <= this.total) return;
    this.total = total;
    this.tell();
  }

  /** The run says that these lines are left out. */
  without(gaps: readonly Gap[]): void {
    const news = gaps.filter((gap) => this.gaps.learn(gap));
    if (news.length === 0) return;
    this.chunks.clear(); // what stood behind it stands elsewhere now
    this.tell();
  }

  /** Lines that came by themselves, in order. Those that follow what is here are kept, all are counted. */
  append({ lines }: Pick<LogBatch, "lines">): void {
    this.putAll(lines);
    this.grown(lines.at(-1)?.number ?? 0);
    if (lines.length > 0) this.tell();
    this.forget();
  }

  readonly want = (first: number, last: number): void => {
    this.sight = [Math.floor(first / CHUNK), Math.floor(last / CHUNK)];
    const [from, to] = this.sight;
    for (const [chunk, abort] of this.reading) if (chunk < from - 1 || chunk > to + 1) abort.abort();
    for (let chunk = from; chunk <= to; chunk += 1) {
      const here = this.chunks.get(chunk);
      if (here) {
        this.chunks.delete(chunk);
        this.chunks.set(chunk, here);
      }
      if ((here?.length ?? 0) < this.sizeOf(chunk) && this.problem === null) void this.load(chunk);
    }
  };

  readonly again = (): void => {
    this.problem = null;
    this.want(this.sight[0] * CHUNK, this.sight[1] * CHUNK);
    this.tell();
  };

  private sizeOf(chunk: number): number {
    return Math.max(0, Math.min(CHUNK, this.count() - chunk * CHUNK));
  }

  private async load(chunk: number): Promise<void> {
    if (this.reading.has(chunk)) return;
    const abort = new AbortController();
    this.reading.set(chunk, abort);
    const here = this.chunks.get(chunk)?.length ?? 0;
    let came = 0;
    try {
      const first = chunk * CHUNK + here;
      const after = first === 0 ? 0 : this.gaps.numberAt(first - 1);
      const { lines } = await this.read(after, CHUNK - here, abort.signal);
      this.putAll(lines);
      came = lines.length;
      this.problem = null;
      this.forget();
    } catch (cause) {
      if (!abort.signal.aborted) this.problem = cause;
    } finally {
      this.reading.delete(chunk);
      this.tell();
    }
    // Meanwhile the log may have grown by lines that had no place yet.
    const [from, to] = this.sight;
    const short = (this.chunks.get(chunk)?.length ?? 0) < this.sizeOf(chunk);
    if (came > 0 && short && chunk >= from && chunk <= to) void this.load(chunk);
  }

  private putAll(lines: readonly LogLine[]): void {
    this.without(lines.map(gapOf).filter((gap) => gap !== null));
    for (const line of lines) this.put(line);
  }

  private put(line: LogLine): void {
    const index = this.gaps.indexOf(line.number);
    const chunk = Math.floor(index / CHUNK);
    const here = this.chunks.get(chunk) ?? [];
    if (index % CHUNK !== here.length) return; // it is here, or something is missing before it
    here.push(line);
    this.chunks.set(chunk, here);
  }

  private forget(): void {
    const [from, to] = this.sight;
    for (const chunk of this.chunks.keys()) {
      if (this.chunks.size <= MOST) return;
      if (chunk < from || chunk > to) this.chunks.delete(chunk);
    }
  }
}
