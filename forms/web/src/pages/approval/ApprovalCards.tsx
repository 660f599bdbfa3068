import { Siren } from "lucide-react";
import { Link } from "react-router";
import type { ApprovalSummary } from "../../api/types";
import { EntityLink, PersonName } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { approvalLook } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "./ApprovalCards.module.css";

const words = text.approvals;

/** The inputs that fit on a card. */
function Hints({ approval }: { approval: ApprovalSummary }) {
  const hints = approval.hints ?? [];
  if (hints.length === 0) return null;
  return (
    <dl className={css.hints}>
      {hints.map((one) => (
        <div key={one.name}>
          <dt>{visible(one.title)}</dt>
          <dd>{visible(one.text)}</dd>
        </div>
      ))}
      {!!approval.more_inputs && <div className="soft">{words.moreInputs(approval.more_inputs)}</div>}
    </dl>
  );
}

export function ApprovalCards({ approvals }: { approvals: readonly ApprovalSummary[] }) {
  return (
    <ul className={css.cards}>
      {approvals.map((approval) => (
        <li key={approval.id} className={css.card}>
          <div className={css.head}>
            <h2>
              <Link to={`/approvals/${encodeURIComponent(approval.id)}`}>
                {visible(approval.action_title)}
              </Link>{" "}
              {approval.entity && (
                <span className={css.entity}>
                  <EntityLink entity={approval.entity} />
                </span>
              )}
            </h2>
            <StateBadge look={approvalLook(approval.state)} />
          </div>
          {approval.unusual && (
            <p className={css.unusual}>
              {approval.break_glass && <Siren size={16} aria-hidden />}
              {visible(approval.unusual)}
            </p>
          )}
          <Hints approval={approval} />
          <p>{visible(approval.text)}</p>
          {approval.comment && <p className={css.comment}>{visible(approval.comment)}</p>}
          <div className={css.foot}>
            <span>
              {words.requester} <PersonName person={approval.requester} />
            </span>
            <span>
              {words.asked} <When at={approval.created_at} />
            </span>
            {approval.state === "pending" && (
              <span>
                {words.expires} <When at={approval.expires_at} />
              </span>
            )}
          </div>
          {approval.state === "pending" && !approval.may_decide.allowed && approval.may_decide.why_not && (
            <p className="soft">{visible(approval.may_decide.why_not)}</p>
          )}
        </li>
      ))}
    </ul>
  );
}
