import { text } from "../text";
import { OutLink } from "./Basics";
import { CopyText } from "./CopyText";
import css from "./Json.module.css";
import { humanised, inWords, visible } from "./textOf";

interface ReadableProps {
  value: unknown;
  /** As they are where they are names and not words. */
  keys?: "words" | "exact";
  /** A value that is an address and nothing else can be followed: https only, and shown in full. */
  links?: boolean;
}

/** A JSON document as nested names and values, for people. */
export function Readable({ value, keys = "words", links = false }: ReadableProps) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="soft">{text.none}</span>;
    if (value.every(isScalar) && !(links && value.some(isAddress)))
      return <span>{value.map(inWords).join(", ")}</span>;
    return (
      <ol className={css.items}>
        {value.map((item, index) => (
          <li key={index}>
            <Readable value={item} keys={keys} links={links} />
          </li>
        ))}
      </ol>
    );
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return <span className="soft">{text.none}</span>;
    return (
      <dl className={css.tree}>
        {entries.map(([key, inner]) => (
          <div key={key} className={isPlain(inner) ? css.line : css.block}>
            <dt>{visible(keys === "words" ? humanised(key) : key)}</dt>
            <dd>
              <Readable value={inner} keys={keys} links={links} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  if (links && isAddress(value)) return <OutLink url={value}>{visible(value)}</OutLink>;
  return <span className={value === null || value === "" ? "soft" : undefined}>{inWords(value)}</span>;
}

/** The same document to the letter. */
export function Raw({ value, label }: { value: unknown; label: string }) {
  const document = JSON.stringify(value, null, 2);
  return (
    // A region that scrolls has to be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={css.raw} tabIndex={0} aria-label={label}>
      {visible(document)}
    </pre>
  );
}

export function Digest({ value }: { value: string }) {
  return <CopyText value={value} shown={`${value.slice(0, 12)}…`} />;
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && /^https:\/\/\S+$/.test(value);
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function isPlain(value: unknown): boolean {
  return (
    isScalar(value) ||
    Object.values(value as object).length === 0 ||
    (Array.isArray(value) && value.every(isScalar))
  );
}
