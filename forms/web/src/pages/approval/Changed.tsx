import { Button } from "@mantine/core";
import { Replace } from "lucide-react";
import { useEffect, useRef } from "react";
import type { ApprovalView } from "../../api/types";
import { Callout, Section } from "../../parts/Basics";
import { changedFields, Differences } from "../../parts/Compare";
import { text } from "../../text";
import css from "./Changed.module.css";

const words = text.approvals.changed;

/** The plan was sealed anew while it was on the screen: how it differs, until that was seen. */
export function Changed({
  before,
  now,
  onSeen,
}: {
  before: ApprovalView;
  now: ApprovalView;
  onSeen: () => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  // The buttons to decide were here, one of them perhaps with the focus.
  useEffect(() => place.current?.focus(), []);
  const { rows } = changedFields(before.sealed, now.sealed);
  return (
    <div ref={place} tabIndex={-1} className="no-outline">
      <Section title={words.title}>
        <div className={css.stack}>
          <div role="status">
            <Callout tone="waiting" icon={<Replace size={18} aria-hidden />}>
              {words.lead}
            </Callout>
          </div>
          {rows.length > 0 ? (
            <Differences rows={rows} caption={words.title} />
          ) : (
            <p className="soft">{words.digestOnly}</p>
          )}
          <Button onClick={onSeen}>{words.seen}</Button>
        </div>
      </Section>
    </div>
  );
}
