/** Where things stand in the chart: numbers in, pixels out. */

/** A round number that is not below: 1, 2, 5, 10, 20, 50 … so that a scale has readable ends. */
export function niceCeiling(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((one) => one * power >= value) ?? 10;
  return factor * power;
}

const SECONDS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** The same for seconds, in steps of the clock. */
export const niceSeconds = (value: number): number =>
  SECONDS.find((one) => one >= value) ?? niceCeiling(value / 86_400) * 86_400;

/** Which of `count` columns carry a label, so that each label has `room` pixels: the first, and none that would not fit. */
export function labelled(count: number, width: number, room: number): Set<number> {
  const column = width / count;
  const every = Math.max(1, Math.ceil(room / column));
  const all = Array.from({ length: Math.ceil(count / every) }, (_, number) => number * every);
  return new Set(all.filter((number) => number === 0 || (count - number) * column >= room * 0.75));
}

/** Stretches of neighbouring points: the line breaks where there is nothing. */
export function unbroken<Point>(points: readonly (Point | null)[]): Point[][] {
  const found: Point[][] = [[]];
  for (const point of points) {
    if (point === null) found.push([]);
    else found.at(-1)?.push(point);
  }
  return found.filter((run) => run.length > 0);
}
