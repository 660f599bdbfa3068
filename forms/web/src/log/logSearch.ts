import { nextFrame, Told, type ReadLines } from "./logWindow";

const PAGE = 1_000; // places that are asked for at once

/** Where a text occurs in a log, by line number and in order. The server looks: the page does not have all lines. */
export class LogSearch extends Told {
  readonly found: number[] = [];
  private after = 0;
  private end = false;
  private begun = false;
  private leftOut = 0;
  private looking: Promise<void> | null = null;
  private problem: unknown = null;
  private abort = new AbortController();

  constructor(
    private readonly read: ReadLines,
    soon: (tell: () => void) => void = nextFrame,
  ) {
    super(soon);
  }

  /** False: there may be more behind the last one. */
  readonly whole = (): boolean => this.end;
  readonly notSearched = (): number => this.leftOut;
  /** Also before it looks for the first time: that nothing was found is not known then. */
  readonly busy = (): boolean => this.looking !== null || (!this.begun && this.problem === null);
  readonly failed = (): unknown => this.problem;

  /** Looks for the next places; resolves when they are here. */
  more(): Promise<void> {
    this.looking ??= this.page().finally(() => {
      this.looking = null;
      this.tell();
    });
    return this.looking;
  }

  close(): void {
    this.abort.abort();
  }

  private async page(): Promise<void> {
    const { signal } = (this.abort = new AbortController());
    try {
      const batch = await this.read(this.after, PAGE, signal);
      for (const line of batch.lines) this.found.push(line.number);
      this.after = Math.max(this.after, batch.next);
      this.begun = true;
      this.leftOut = batch.not_searched ?? 0;
      this.end = batch.lines.length < PAGE;
      this.problem = null;
    } catch (cause) {
      if (!signal.aborted) this.problem = cause;
    }
  }
}
