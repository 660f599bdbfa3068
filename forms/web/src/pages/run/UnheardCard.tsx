import { BellOff } from "lucide-react";
import type { RunView } from "../../api/types";
import { Callout } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";

/** What people should have been told about the run, and nobody could be: somebody has to tell them in another way. */
export function UnheardCard({ run }: { run: RunView }) {
  if (!run.unheard?.length) return null;
  return (
    <Callout tone="attention" icon={<BellOff size={18} aria-hidden />} title={text.runs.unheard}>
      {run.unheard.map((one) => (
        <p key={`${one.event} ${one.at}`}>
          {visible(one.text)} <When at={one.at} />
        </p>
      ))}
    </Callout>
  );
}
