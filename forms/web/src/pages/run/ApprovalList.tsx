import { Link } from "react-router";
import type { ApprovalSummary } from "../../api/types";
import { When } from "../../parts/Times";
import { visible } from "../../parts/textOf";
import { approvalLook } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { Decisions } from "../approval/Decisions";
import css from "./ApprovalList.module.css";

const words = text.runs.approvals;

export function ApprovalList({ approvals }: { approvals: readonly ApprovalSummary[] }) {
  if (approvals.length === 0) return <p className="soft">{words.none}</p>;
  return (
    <ul className={css.list}>
      {approvals.map((approval) => (
        <li key={approval.id} className={css.item}>
          <p className={css.head}>
            <StateBadge look={approvalLook(approval.state)} />
            <span>{visible(approval.text)}</span>
          </p>
          <p className="soft">
            {words.quorum(approval.count, approval.needed_from.join(", "))}
            {approval.state === "pending" && (
              <>
                {" "}
                · {words.expires} <When at={approval.expires_at} />
              </>
            )}
          </p>
          <Decisions decisions={approval.decisions} />
          <Link to={`/approvals/${encodeURIComponent(approval.id)}`}>{words.open}</Link>
        </li>
      ))}
    </ul>
  );
}
