/** Where what is looked for stands in a line: a phrase may go across a change of colour. */
import type { Span } from "./line";

export interface Piece {
  text: string;
  hit: boolean;
}

/** Of each span its pieces, in order. `find` is in lower case. */
export function piecesOf(spans: readonly Span[], find: string): Piece[][] {
  const whole = spans.map((span) => span.text).join("");
  const hits = placesOf(whole, find);
  let start = 0;
  return spans.map(({ text }) => {
    const end = start + text.length;
    const pieces: Piece[] = [];
    const put = (from: number, to: number, hit: boolean) =>
      from < to && pieces.push({ text: whole.slice(from, to), hit });
    let from = start;
    for (const at of hits) {
      const [begins, ends] = [Math.max(at, start), Math.min(at + find.length, end)];
      if (begins >= ends) continue;
      put(from, begins, false);
      put(begins, ends, true);
      from = ends;
    }
    put(from, end, false);
    start = end;
    return pieces;
  });
}

function placesOf(whole: string, find: string): number[] {
  const low = whole.toLowerCase();
  // Where lower case has another length than the text (as in Turkish), places cannot be told apart: mark nothing.
  if (!find || low.length !== whole.length) return [];
  const places: number[] = [];
  for (let at = low.indexOf(find); at >= 0; at = low.indexOf(find, at + find.length)) places.push(at);
  return places;
}
