import type { LogBatch, LogLine } from "../api/types";

export const jobKey = (line: LogLine): string => `${line.step} / ${line.job}`;

/**
 * The lines of one run as they arrive, by stream or by reading, in any overlap: a line has a number, and each number is
 * kept once. Listeners hear of new lines at most once per frame, however many batches a frame brings.
 */
export class LogStore {
  private readonly kept: LogLine[] = [];
  private readonly listeners = new Set<() => void>();
  private told = true;
  /** Changes with each line, so that a snapshot can be compared. */
  private length = 0;
  private readonly jobKeys = new Set<string>();

  constructor(
    private readonly soon: (tell: () => void) => void = (tell) => void requestAnimationFrame(tell),
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly count = (): number => this.length;

  get lines(): readonly LogLine[] {
    return this.kept;
  }

  /** Every job that has written something, in the order of their first lines. */
  get jobs(): string[] {
    return [...this.jobKeys];
  }

  /** The number of the last line that is here; ask for what comes after it. */
  get last(): number {
    return this.kept.at(-1)?.number ?? 0;
  }

  append({ lines }: Pick<LogBatch, "lines">): void {
    const before = this.kept.length;
    for (const line of lines) {
      if (line.number <= this.last) continue;
      this.kept.push(line);
      this.jobKeys.add(jobKey(line));
    }
    if (this.kept.length === before || !this.told) return;
    this.told = false;
    this.soon(() => {
      this.told = true;
      this.length = this.kept.length;
      for (const listener of this.listeners) listener();
    });
  }
}
