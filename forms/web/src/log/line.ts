/** One line of a CI system's log, taken apart: its time, what kind of line it is, and coloured spans of text. */
import Anser from "anser";
import { visible } from "../parts/textOf";

export interface Span {
  text: string;
  /** Names of our own fixed set of classes, never a colour from the log. */
  looks: string[];
}

export type LineKind = "plain" | "error" | "warning" | "notice" | "group" | "command" | "debug";

export interface ParsedLine {
  time: string | null;
  kind: LineKind;
  spans: Span[];
}

const TIME = /^\ufeff?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z ?/;
// GitHub's own markers, and the workflow commands that they come from.
const MARKER = /^(?:##\[(\w+)\]|::(\w+)(?: [^:]*)?::)/;
const KINDS: Readonly<Record<string, LineKind>> = {
  error: "error",
  warning: "warning",
  notice: "notice",
  group: "group",
  endgroup: "debug",
  command: "command",
  section: "group",
  debug: "debug",
};
const ESCAPE = "\u001b";
const COLOURS = new Set(
  ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"].flatMap((name) => [
    `ansi-${name}`,
    `ansi-bright-${name}`,
  ]),
);
const DECORATIONS = new Set(["bold", "dim", "italic", "underline", "strikethrough"]);

export function parseLine(raw: string): ParsedLine {
  const time = TIME.exec(raw);
  const rest = time ? raw.slice(time[0].length) : raw;
  const marker = MARKER.exec(rest);
  const kind = marker ? KINDS[marker[1] ?? marker[2] ?? ""] : undefined;
  const body = kind && marker ? rest.slice(marker[0].length) : rest;
  return { time: time?.[1]?.replace("T", " ") ?? null, kind: kind ?? "plain", spans: spansOf(body) };
}

/** The text of a line as somebody reads it: what is searched. */
export function plainText(raw: string): string {
  const body = raw.replace(TIME, "").replace(MARKER, "");
  return body.includes(ESCAPE) ? Anser.ansiToText(body) : body;
}

function spansOf(body: string): Span[] {
  // Most lines have no colours, and thousands may come in sight in a second.
  if (!body.includes(ESCAPE)) return body ? [{ text: visible(body), looks: [] }] : [];
  return Anser.ansiToJson(body, { use_classes: true, remove_empty: true }).map((part) => ({
    text: visible(part.content),
    looks: [
      ...(COLOURS.has(part.fg) ? [part.fg] : []),
      ...(COLOURS.has(part.bg) ? [`${part.bg}-bg`] : []),
      ...part.decorations.filter((decoration) => DECORATIONS.has(decoration)),
    ],
  }));
}
