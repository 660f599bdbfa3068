/** Times in words. All take `now`, so that tests and lists agree on it. */
import { text } from "../text";
import { DATES, LANGUAGE } from "../text/formats";

const words = text.time;

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "always" });

/** "5 minutes ago", "in 2 hours"; under a minute it is "just now" or "in less than a minute". */
export function ago(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 5 ? words.soon : words.now;
}

/** "1 min 12 s", "2 h 5 min": at most two units. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return words.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return parts(minutes, words.minutes, words.seconds(seconds % 60), seconds % 60);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return parts(hours, words.hours, `${minutes % 60} ${words.minutes}`, minutes % 60);
  return parts(Math.floor(hours / 24), words.days, `${hours % 24} ${words.hours}`, hours % 24);
}

function parts(large: number, unit: string, small: string, count: number): string {
  return count === 0 ? `${large} ${unit}` : `${large} ${unit} ${small}`;
}

/** "3–5 min", in the unit of the longer one; null where nobody can say. */
export function usualRange(quick: number | null, slow: number | null): string | null {
  if (quick === null || slow === null) return null;
  const [size, unit] =
    slow < 120 ? [1, words.second] : slow < 7200 ? [60, words.minutes] : [3600, words.hours];
  const [from, to] = [Math.max(1, Math.round(quick / size)), Math.max(1, Math.round(slow / size))];
  return from === to ? `${to} ${unit}` : `${from}–${to} ${unit}`;
}

/** How long something took, or has taken until now. */
export function elapsed(start: string | null, end: string | null, now: number): string | null {
  if (!start) return null;
  return duration((end ? Date.parse(end) : now) - Date.parse(start));
}

/** The date and the hour, by the reader's clock. */
export const local = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The exact time, in the reader's zone and in UTC. */
export function exact(iso: string): string {
  const at = new Date(iso);
  const local = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  return words.zone(local, at.toISOString().replace("T", " ").slice(0, 19));
}

/** As the browser's own field for a time has it: to the minute, in the reader's zone. */
export function forField(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** "12 Nov, 14:00", and without the hour where it is midnight: for axes and stretches of time. */
export function day(iso: string): string {
  const at = new Date(iso);
  const date = at.toLocaleDateString(DATES, { day: "numeric", month: "short" });
  if (at.getHours() === 0 && at.getMinutes() === 0) return date;
  return `${date}, ${at.toLocaleTimeString(DATES, { hour: "2-digit", minute: "2-digit" })}`;
}
