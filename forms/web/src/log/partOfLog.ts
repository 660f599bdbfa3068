import type { LogLine } from "../api/types";
import { nextFrame, Told, type Lines, type ReadLines } from "./logWindow";

const PAGE = 2_000; // lines that are read at once
const AHEAD = 400; // lines before the end of what is known at which more are read

/** The lines of one step or one job, read on as somebody scrolls: where the next one stands only the server knows. */
export class PartOfLog extends Told implements Lines {
  private readonly kept: LogLine[] = [];
  private done = false;
  private problem: unknown = null;
  private reading: Promise<void> | null = null;
  private abort = new AbortController();

  constructor(
    private readonly read: ReadLines,
    soon: (tell: () => void) => void = nextFrame,
  ) {
    super(soon);
  }

  readonly count = (): number => this.kept.length;
  readonly whole = (): boolean => this.done;
  readonly at = (index: number): LogLine | undefined => this.kept[index];
  readonly failed = (): unknown => this.problem;

  readonly want = (_first: number, last: number): void => {
    if (!this.done && this.problem === null && last >= this.kept.length - AHEAD) void this.more();
  };

  private readonly indexOf = (number: number): number | null => {
    let low = 0;
    let high = this.kept.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const here = this.kept[middle]?.number ?? 0;
      if (here === number) return middle;
      if (here < number) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  };

  readonly until = async (number: number): Promise<number | null> => {
    while (!this.done && this.problem === null && (this.kept.at(-1)?.number ?? 0) < number) {
      await this.more();
      if (this.abort.signal.aborted) return null;
    }
    return this.indexOf(number);
  };

  /** The log has grown, perhaps by lines of this part; or what could not be read is to be tried again. */
  readonly again = (): void => {
    this.done = false;
    this.problem = null;
    // What is being read now may have been asked for before the log grew.
    void (this.reading ?? Promise.resolve()).then(() => this.more());
  };

  close(): void {
    this.abort.abort();
  }

  private more(): Promise<void> {
    this.reading ??= this.page().finally(() => (this.reading = null));
    return this.reading;
  }

  private async page(): Promise<void> {
    const { signal } = (this.abort = new AbortController());
    try {
      const { lines } = await this.read(this.kept.at(-1)?.number ?? 0, PAGE, signal);
      this.kept.push(...lines);
      this.done = lines.length < PAGE;
    } catch (cause) {
      if (signal.aborted) return;
      this.problem = cause;
    }
    this.tell();
  }
}
