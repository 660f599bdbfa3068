/** Gaps of a log: lines that are left out keep their numbers, and one line stands in their place, under the last one. */
import type { LogLine } from "../api/types";

export interface Gap {
  first: number;
  last: number;
}

/** What is left out of a log, as far as it is known. A gap only ever grows. */
export class Gaps {
  private all: readonly Gap[] = [];

  /** False: that was known. */
  learn(gap: Gap): boolean {
    const touched = this.all.filter((one) => one.first <= gap.last && gap.first <= one.last);
    const first = Math.min(gap.first, ...touched.map((one) => one.first));
    const last = Math.max(gap.last, ...touched.map((one) => one.last));
    if (touched.length === 1 && touched[0]?.first === first && touched[0].last === last) return false;
    const others = this.all.filter((one) => !touched.includes(one));
    this.all = [...others, { first, last }].sort((one, other) => one.first - other.first);
    return true;
  }

  /** Where the line with this number stands, counted from 0; one that is left out stands where its gap does. */
  indexOf(number: number): number {
    let hidden = 0;
    for (const { first, last } of this.all) {
      if (number < first) break;
      if (number <= last) return first - 1 - hidden;
      hidden += last - first;
    }
    return number - 1 - hidden;
  }

  /** The number of the line that stands there. */
  numberAt(index: number): number {
    let number = index + 1;
    for (const { first, last } of this.all) {
      if (number < first) break;
      if (number === first) return last;
      number += last - first;
    }
    return number;
  }
}

/** The gap that a line stands for. */
export function gapOf({ number, left_out = 0 }: LogLine): Gap | null {
  return left_out > 0 ? { first: number - left_out + 1, last: number } : null;
}
