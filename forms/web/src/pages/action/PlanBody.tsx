import type { ReactNode } from "react";
import type { PlannedApproval, PlanView } from "../../api/types";
import { Facts, RunLink, Section } from "../../parts/Basics";
import { ChangeList, Differences } from "../../parts/Compare";
import { PlannedLocks } from "../../parts/PlannedLocks";
import { Digest, Raw } from "../../parts/Json";
import { FreezeNote } from "../../parts/FreezeNote";
import { PlannedRequests } from "../../parts/PlannedRequests";
import { OtherStep } from "../../parts/SealedPlan";
import { readSealed } from "../../parts/sealed";
import { capital, uncapital, visible } from "../../parts/textOf";
import { duration } from "../../parts/time";
import { text } from "../../text";
import css from "./PlanBody.module.css";

const words = text.actions.review;

/** Everything that a run would do, before it does it. */
export function PlanBody({ plan, answers }: { plan: PlanView; answers: ReactNode }) {
  return (
    <div className={css.columns} data-wide>
      <div className={css.column}>
        <FreezeNote freezes={plan.freezes} stopped={plan.stopped} />
        <Section title={words.title}>
          <Facts
            facts={[
              [words.starts, capital(visible(plan.starts))],
              [words.approvals, <Approvals key="approvals" approvals={plan.approvals} />],
              [words.lock, <PlannedLocks key="lock" lock={plan.lock} />],
              [
                words.undoable,
                plan.undoable
                  ? words.undoableYes
                  : words.notUndoable(uncapital(visible(plan.why_not_undoable ?? ""))),
              ],
            ]}
          />
        </Section>
        <Section title={words.requests}>
          <PlannedRequests requests={plan.requests} />
        </Section>
        <OtherSteps plan={plan} />
        {plan.undo && plan.undo.length > 0 && (
          <Section title={words.undo}>
            <ul>
              {plan.undo.map((line) => (
                <li key={line}>{visible(line)}</li>
              ))}
            </ul>
          </Section>
        )}
        <Section title={words.changes}>
          {plan.changes.length > 0 ? (
            <ChangeList changes={plan.changes} />
          ) : (
            <p className="soft">{words.noChanges}</p>
          )}
        </Section>
      </div>
      <div className={css.column}>
        <Section title={words.inputs}>{answers}</Section>
        <Section title={words.differences}>
          <Previous plan={plan} />
        </Section>
        <details className={css.document}>
          <summary>{words.document}</summary>
          <p className="small">
            {words.digest} <Digest value={plan.digest} />
          </p>
          <Raw value={plan.document} label={words.document} />
        </details>
      </div>
    </div>
  );
}

/** Steps that start no pipeline. */
function OtherSteps({ plan }: { plan: PlanView }) {
  const others = readSealed(plan.document)?.steps.filter((step) => "kind" in step) ?? [];
  if (others.length === 0) return null;
  return (
    <Section title={words.others}>
      <ol>
        {others.map((step) => (
          <li key={step.path}>
            <OtherStep step={step} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Approvals({ approvals }: { approvals: readonly PlannedApproval[] }) {
  if (approvals.length === 0) return <>{words.noApproval}</>;
  return (
    <ol>
      {approvals.map((approval, index) => (
        <li key={index}>
          {approval.rule ? (
            <>
              {text.approvals.byRule} <code>{visible(approval.rule)}</code>
            </>
          ) : (
            <>
              {visible(approval.who)}, {words.within(duration(approval.expires_in * 1000))}
              {approval.terms.map((sentence) => (
                <p key={sentence} className="soft">
                  {visible(sentence)}
                </p>
              ))}
            </>
          )}
        </li>
      ))}
    </ol>
  );
}

function Previous({ plan }: { plan: PlanView }) {
  if (!plan.previous_run) return <p className="soft">{words.noPrevious}</p>;
  return (
    <>
      <div className={css.previous}>
        <RunLink id={plan.previous_run} />
      </div>
      {plan.differences.length > 0 ? (
        <Differences rows={plan.differences} caption={words.differences} />
      ) : (
        <p className="soft">{words.noDifferences}</p>
      )}
    </>
  );
}
