/** Stretches of time that are named in an address: `time=7d`, or from one moment to another. */
import { text } from "../text";

const HOUR = 3_600_000;
const DAYS = { "7d": 7, "14d": 14, "30d": 30, "90d": 90 } as const;

export type Period = keyof typeof text.operate.periods;
export interface Stretch {
  since?: string | undefined;
  until?: string | undefined;
}

export const isPeriod = (name: string | undefined): name is Period =>
  name !== undefined && name in text.operate.periods;

/** Days begin at the reader's midnight and hours when they are full, so that the answer can be kept for a while. */
export function sinceOf(period: Period, now: number): string {
  if (period === "24h") return new Date(Math.floor(now / HOUR) * HOUR - 23 * HOUR).toISOString();
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - (DAYS[period] - 1));
  return day.toISOString();
}

/** The moment that an address names, if it names one. */
export function moment(written: string | undefined): string | undefined {
  const at = written === undefined ? NaN : Date.parse(written);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** The time zone of the reader, as the server knows it. */
export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
