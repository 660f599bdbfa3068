/**
 * Views of a log that only grows. Each looks at a line once, however often it is asked: a hundred thousand lines that
 * come in a thousand batches cost a hundred thousand looks, not fifty million.
 */
import type { LogLine } from "../api/types";
import { plainText } from "./line";
import { jobKey } from "./logStore";

/** The lines of one job, or of all. */
export class JobLines {
  private seen = 0;
  private readonly kept: LogLine[] = [];

  constructor(
    private readonly all: readonly LogLine[],
    private readonly job: string | null,
  ) {}

  upTo(count: number): readonly LogLine[] {
    if (this.job === null) return this.all;
    for (; this.seen < count; this.seen += 1) {
      const line = this.all[this.seen];
      if (line && jobKey(line) === this.job) this.kept.push(line);
    }
    return this.kept;
  }
}

/** Where a text occurs, in order. `find` is in lower case; empty finds nothing. */
export class Matches {
  private seen = 0;
  private readonly found: number[] = [];

  constructor(private readonly find: string) {}

  upTo(lines: readonly LogLine[]): readonly number[] {
    if (!this.find) return this.found;
    for (; this.seen < lines.length; this.seen += 1) {
      const line = lines[this.seen];
      if (line && plainText(line.text).toLowerCase().includes(this.find)) this.found.push(this.seen);
    }
    return this.found;
  }
}
