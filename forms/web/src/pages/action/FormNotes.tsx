import { Link2, RefreshCw } from "lucide-react";
import type { Snapshot } from "../../form/resolution";
import { Callout } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./FormNotes.module.css";

const words = text.actions.form;

/** What somebody should know about this form before filling it in. */
export function FormNotes(props: Pick<Snapshot, "fromLink" | "leftOver" | "versionChanged">) {
  return (
    <div className={css.notes}>
      {props.versionChanged && (
        <Callout tone="waiting" icon={<RefreshCw size={16} aria-hidden />} live>
          {words.changed}
        </Callout>
      )}
      {(props.fromLink.size > 0 || props.leftOver.length > 0) && (
        <Callout tone="quiet" icon={<Link2 size={16} aria-hidden />}>
          {props.fromLink.size > 0 && <p>{words.fromLinkNote(props.fromLink.size)}</p>}
          {props.leftOver.length > 0 && <p>{words.unknownLink(visible(props.leftOver.join(", ")))}</p>}
        </Callout>
      )}
    </div>
  );
}
