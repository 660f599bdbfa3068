import { text } from "../text";
import { CopyText } from "./CopyText";
import css from "./Json.module.css";
import { humanised, inWords, visible } from "./textOf";

/** A JSON document as nested names and values, for people. `keys` as they are where they are names and not words. */
export function Readable({ value, keys = "words" }: { value: unknown; keys?: "words" | "exact" }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="soft">{text.none}</span>;
    if (value.every(isScalar)) return <span>{value.map(inWords).join(", ")}</span>;
    return (
      <ol className={css.items}>
        {value.map((item, index) => (
          <li key={index}>
            <Readable value={item} keys={keys} />
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
              <Readable value={inner} keys={keys} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
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
