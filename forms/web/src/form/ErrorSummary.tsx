import { useEffect, useRef } from "react";
import { Callout } from "../parts/Basics";
import { visible } from "../parts/textOf";
import { text } from "../text";
import css from "./ErrorSummary.module.css";
import { fieldId } from "./FormPage";

export interface SummaryLine {
  field: string | null;
  message: string;
  /** Another page, when the field is not on this one. */
  elsewhere?: { page: number; title: string };
}

/** What has to be changed, with a way to each field. Takes the focus when it appears after an attempt to go on. */
export function ErrorSummary({
  lines,
  attempt,
  onJump,
}: {
  lines: readonly SummaryLine[];
  attempt: number;
  onJump: (line: SummaryLine) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (attempt > 0) box.current?.focus();
  }, [attempt]);
  if (lines.length === 0) return null;
  return (
    <div ref={box} tabIndex={-1} role="alert" className={css.summary}>
      <Callout tone="bad" title={text.actions.form.summary(lines.length)}>
        <ul className={css.list}>
          {lines.map((line) => (
            <li key={`${line.field}${line.message}`}>
              {line.field ? (
                <a
                  href={`#${fieldId(line.field)}`}
                  onClick={(event) => {
                    // The address keeps the page of the form in its hash, so the link only moves the focus.
                    event.preventDefault();
                    onJump(line);
                  }}
                >
                  {visible(line.message)}
                </a>
              ) : (
                visible(line.message)
              )}
              {line.elsewhere && ` (${text.actions.form.elsewhere(visible(line.elsewhere.title))})`}
            </li>
          ))}
        </ul>
      </Callout>
    </div>
  );
}
