import { Hourglass } from "lucide-react";
import { Link } from "react-router";
import type { RunView } from "../../api/types";
import { Callout, Facts } from "../../parts/Basics";
import { capital, visible } from "../../parts/textOf";
import { Until } from "../../parts/Times";
import { text } from "../../text";
import { LastingButtons } from "./Lasting";
import css from "./WaitsCard.module.css";

const words = text.runs.waits;

/** Why the run does not move by itself: who moves it, what comes next, until when, and what then. */
export function WaitsCard({ run }: { run: RunView }) {
  const { waits } = run;
  if (!waits) return null;
  // Following a pipeline is what a run normally does; it says so in its state and needs no notice.
  if (waits.kind === "pipeline" && run.state === "running") return null;
  // A gate has a card of its own.
  if (waits.kind === "gate") return null;
  const approval = run.approvals.find((one) => one.state === "pending");
  return (
    <Callout
      tone={waits.kind === "person" ? "attention" : "waiting"}
      icon={<Hourglass size={18} aria-hidden />}
      title={capital(visible(waits.text))}
    >
      <div className={css.facts}>
        <Facts
          facts={[
            [words.owner, visible(waits.owner)],
            [words.next, visible(waits.next_event)],
            waits.until !== null && [words.until, <Until key="until" at={waits.until} />],
            waits.then !== null && [words.then, visible(waits.then)],
          ]}
        />
        {run.steps.map(
          (step) =>
            step.lasts && (
              <div key={step.path} className={css.lasting}>
                <span>{visible(step.path)}</span>
                <LastingButtons run={run.id} step={step.path} lasts={step.lasts} />
              </div>
            ),
        )}
        {waits.kind === "approval" && approval && (
          <Link to={`/approvals/${encodeURIComponent(approval.id)}`}>{words.decide}</Link>
        )}
      </div>
    </Callout>
  );
}
