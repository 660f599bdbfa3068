import type { DecisionView } from "../../api/types";
import { PersonName } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import css from "./Decisions.module.css";

/** Who decided what, when and why. */
export function Decisions({ decisions }: { decisions: readonly DecisionView[] }) {
  return (
    <ul className={css.list}>
      {decisions.map((decision) => (
        <li key={`${decision.by?.id ?? decision.rule} ${decision.at}`}>
          {decision.by ? <PersonName person={decision.by} /> : text.approvals.byRule}{" "}
          {text.states.verdict[decision.verdict]} <When at={decision.at} />
          {decision.rule && <code className={css.rule}>{visible(decision.rule)}</code>}
          {decision.comment && <blockquote className={css.comment}>{visible(decision.comment)}</blockquote>}
        </li>
      ))}
    </ul>
  );
}
