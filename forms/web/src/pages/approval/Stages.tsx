import { Link } from "react-router";
import type { ApprovalView } from "../../api/types";
import { Section } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { text } from "../../text";

const words = text.approvals;

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
          </li>
        ))}
      </ol>
    </Section>
  );
}
