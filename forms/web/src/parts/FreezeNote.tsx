import { Snowflake } from "lucide-react";
import type { HeldView } from "../api/types";
import { text } from "../text";
import { Callout } from "./Basics";
import { visible } from "./textOf";

/** What would hold something back, as a warning: freezes, and the stop. */
export function FreezeNote({
  freezes = [],
  stopped,
}: {
  freezes?: readonly HeldView[] | undefined;
  stopped?: string | null | undefined;
}) {
  if (freezes.length === 0 && !stopped) return null;
  return (
    <Callout tone="waiting" icon={<Snowflake size={18} aria-hidden />} title={text.freezes.warning}>
      {stopped && <p>{visible(stopped)}</p>}
      {freezes.map((held) => (
        <p key={held.freeze}>
          {text.freezes.held(visible(held.title), visible(held.owner))}: {visible(held.reason)}{" "}
          <span className="soft">({visible(held.text)})</span>
        </p>
      ))}
    </Callout>
  );
}
