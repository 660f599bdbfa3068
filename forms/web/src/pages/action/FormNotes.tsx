import { Button } from "@mantine/core";
import { Link2, RefreshCw, Undo2 } from "lucide-react";
import type { Snapshot } from "../../form/resolution";
import { Callout, RunLink } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./FormNotes.module.css";

const words = text.actions.form;

interface Props extends Pick<Snapshot, "fromLink" | "leftOver" | "versionChanged" | "restored"> {
  /** The run whose answers the form began with; null: those of the link, if any. */
  from: string | null;
  onStartOver: () => void;
}

/** What somebody should know about this form before filling it in. */
export function FormNotes(props: Props) {
  return (
    <div className={css.notes}>
      {props.versionChanged && (
        <Callout tone="waiting" icon={<RefreshCw size={16} aria-hidden />} live>
          {words.changed}
        </Callout>
      )}
      {props.restored && (
        <Callout tone="quiet" icon={<Undo2 size={16} aria-hidden />}>
          <p>
            {words.restored}{" "}
            <Button size="compact-xs" variant="default" onClick={props.onStartOver}>
              {words.startOver}
            </Button>
          </p>
        </Callout>
      )}
      <Prefilled {...props} />
    </div>
  );
}

function Prefilled({ fromLink, leftOver, from }: Props) {
  if (fromLink.size === 0 && leftOver.length === 0) return null;
  const names = visible(leftOver.join(", "));
  return (
    <Callout tone="quiet" icon={<Link2 size={16} aria-hidden />}>
      {fromLink.size > 0 &&
        (from ? (
          <p>
            {words.fromRunNote(fromLink.size)} <RunLink id={from} />. {words.fromRunSecrets}
          </p>
        ) : (
          <p>{words.fromLinkNote(fromLink.size)}</p>
        ))}
      {leftOver.length > 0 && <p>{from ? words.unknownRun(names) : words.unknownLink(names)}</p>}
    </Callout>
  );
}
