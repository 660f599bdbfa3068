import type { DecisionView } from "../../api/types";
import { PersonName } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import css from "./Decisions.module.css";
import { FilledIn } from "./FilledIn";

/** Who decided what, when and why. */
export function Decisions({ decisions }: { decisions: readonly DecisionView[] }) {
  return (
    <ul className={css.list}>
      {decisions.map((decision) => (
        <li
          key={`${decision.by?.id ?? decision.rule} ${decision.at}`}
          className={decision.taken_back_at ? css.gone : undefined}
        >
          {decision.by ? <PersonName person={decision.by} /> : text.approvals.byRule}{" "}
          {decision.on_behalf_of && (
            <>
              ({text.approvals.instead} <PersonName person={decision.on_behalf_of} />){" "}
            </>
          )}
          {text.states.verdict[decision.verdict]} <When at={decision.at} />
          {decision.own_request && <p className="soft">{text.approvals.ownRequest}</p>}
          {decision.own_edit && <p className="soft">{text.approvals.ownEdit}</p>}
          {decision.own_values && <p className="soft">{text.approvals.ownValues}</p>}
          {decision.via_token && <p className="soft">{text.approvals.viaToken(decision.via_token)}</p>}
          {decision.taken_back_at && (
            <p className="soft">
              {text.approvals.takenBack} <When at={decision.taken_back_at} />
            </p>
          )}
          <FilledIn filled={decision.filled ?? []} />
          {decision.rule && <code className={css.rule}>{visible(decision.rule)}</code>}
          {decision.comment && <blockquote className={css.comment}>{visible(decision.comment)}</blockquote>}
        </li>
      ))}
    </ul>
  );
}
