import { DATES } from "../../text/formats";

/** A month as a calendar shows it: whole weeks from Monday, in the reader's time zone. */

export interface Month {
  year: number;
  month: number; // 0 is January
}

/** `2026-12`, or this month where an address says nothing that is one. */
export function monthOf(written: string | undefined, now: Date): Month {
  const found = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(written ?? "");
  return found
    ? { year: Number(found[1]), month: Number(found[2]) - 1 }
    : { year: now.getFullYear(), month: now.getMonth() };
}

export const written = ({ year, month }: Month): string => `${year}-${String(month + 1).padStart(2, "0")}`;

export function moved(from: Month, by: number): Month {
  const at = new Date(from.year, from.month + by, 1);
  return { year: at.getFullYear(), month: at.getMonth() };
}

export const named = ({ year, month }: Month): string =>
  new Date(year, month, 1).toLocaleDateString(DATES, { month: "long", year: "numeric" });

/** The beginnings of the days of its weeks, and of the day after the last. */
export function daysOf({ year, month }: Month): { days: Date[]; end: Date } {
  const first = new Date(year, month, 1);
  const before = (first.getDay() + 6) % 7;
  const length = new Date(year, month + 1, 0).getDate();
  const shown = Math.ceil((before + length) / 7) * 7;
  const at = (day: number) => new Date(year, month, 1 - before + day);
  return { days: Array.from({ length: shown }, (_, day) => at(day)), end: at(shown) };
}

export interface Period {
  start: string;
  end: string;
}

/** Those that touch [start, end). */
export const touching = <One extends Period>(periods: readonly One[], start: Date, end: Date): One[] =>
  periods.filter((one) => Date.parse(one.end) > start.getTime() && Date.parse(one.start) < end.getTime());

/** How much of the day it is: "all day", "from 18:00", "until 08:00", "18:00 to 20:00". */
export function partOfDay(period: Period, start: Date, end: Date): string {
  const [from, until] = [Date.parse(period.start), Date.parse(period.end)];
  const begins = from > start.getTime();
  const ends = until < end.getTime();
  if (begins && ends) return `${clock(from)} to ${clock(until)}`;
  if (begins) return `from ${clock(from)}`;
  return ends ? `until ${clock(until)}` : "all day";
}

const clock = (at: number): string =>
  new Date(at).toLocaleTimeString(DATES, { hour: "2-digit", minute: "2-digit" });
