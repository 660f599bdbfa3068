/** Values as people read them. */
import { text } from "../text";

// Characters that turn or hide what stands beside them: shown by their number, so that nobody approves what they do
// not see (bidirectional controls, zero-width characters, fillers that are blank, tags that spell unseen text, the byte
// order mark, control characters but tab and newline).
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu; // eslint-disable-line no-control-regex, no-misleading-character-class -- the point of it

/** The same text with characters that cannot be seen made visible: `⟨U+202E⟩`. */
export function visible(value: string): string {
  return value.replace(
    HIDDEN,
    (character) => `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/** "18 B", "1.1 MB". */
export function bytes(count: number): string {
  if (count < 1000) return text.size.bytes(count);
  return count < 1_000_000
    ? text.size.kilo((count / 1000).toFixed(0))
    : text.size.mega((count / 1e6).toFixed(1));
}

/** One value on one line. Objects are shown as JSON. */
export function inWords(value: unknown): string {
  if (value === null || value === undefined) return text.none;
  if (value === "") return text.empty;
  if (typeof value === "boolean") return value ? text.yes : text.no;
  if (typeof value === "string") return visible(value);
  return visible(JSON.stringify(value));
}

/** A part of a sentence of the server's, as the beginning of one. */
export const capital = (said: string): string => said.charAt(0).toUpperCase() + said.slice(1);

/** A sentence of the server's, as the end of one of ours. */
export const uncapital = (said: string): string => said.charAt(0).toLowerCase() + said.slice(1);

/** `shop_version` → "Shop version": for keys that have no title of their own. */
export function humanised(key: string): string {
  const words = key.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Links go to https only, or to http on this machine: what a CI system says is not trusted to be an address. */
export function safeLink(url: string | null | undefined): string | null {
  if (!url || !URL.canParse(url)) return null;
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:") return url;
  return protocol === "http:" && isLoopback(hostname) ? url : null;
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\.\d+){3}$/.test(host)
  );
}
