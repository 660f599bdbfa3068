/**
 * The canonical form of RFC 8785 and its SHA-256, computed from what is on the screen: so that an approver need not
 * believe that what is shown is what is sealed. JSON.stringify writes strings and numbers as the RFC asks for (its rules
 * are those of ECMAScript); what is left is the order of the keys, by UTF-16 code units, as `sort` does.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${members.join(",")}}`;
}

/** In hexadecimal, or null where the browser does not compute hashes: on plain http beyond this machine. */
export async function digestOf(value: unknown): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(value)));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
