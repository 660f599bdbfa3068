import { Link } from "react-router";
import type { ApprovalView } from "../../api/types";
import { Section } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { FilledIn } from "./FilledIn";

const words = text.approvals;

type Stage = ApprovalView["all_stages"][number];

/** What is filled in there, or was. */
function StageForm({ stage }: { stage: Stage }) {
  if (!stage.asks?.length) return null;
  if (stage.filled?.length) return <FilledIn filled={stage.filled} />;
  return <p className="soft">{words.asksFor(stage.asks.map((one) => visible(one.title)).join(", "))}</p>;
}

/** Who decides after whom, when it takes more than one stage. */
export function Stages({ approval }: { approval: ApprovalView }) {
  if (approval.stages < 2) return null;
  return (
    <Section title={words.stages}>
      <ol>
        {approval.all_stages.map((stage) => (
          <li key={stage.number} aria-current={stage.number === approval.stage ? "step" : undefined}>
            {stage.approval && stage.number !== approval.stage ? (
              <Link to={`/approvals/${encodeURIComponent(stage.approval)}`}>
                {words.stageOf(stage.number, approval.stages)}
              </Link>
            ) : (
              words.stageOf(stage.number, approval.stages)
            )}
            : {visible(stage.text)}
            <StageForm stage={stage} />
          </li>
        ))}
      </ol>
    </Section>
  );
}
