import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { usualQuery } from "../../api/queries";
import type { ActionView } from "../../api/types";
import { EntityLink, Facts, Section } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { duration, usualRange } from "../../parts/time";
import { text } from "../../text";
import css from "./About.module.css";

const words = text.actions.about;

/** What an action is, before anybody asks for something: as its file has it, and how its latest runs went. */
export function About({ action }: { action: ActionView }) {
  const locks = action.lock_keys ?? [];
  return (
    <Section title={words.title}>
      <Facts
        facts={[
          [
            text.actions.owner,
            action.owner ? <EntityLink key="owner" entity={action.owner} /> : words.nobody,
          ],
          [words.target, action.target_kind ? <Kind key="kind" name={action.target_kind} /> : words.noTarget],
          [words.runners, visible(action.runners)],
          [words.approvals, <Approvals key="approvals" action={action} />],
          [words.does, <Steps key="steps" action={action} />],
          [
            words.lock,
            locks.length > 0
              ? locks.map((key) => (
                  <div key={key}>
                    <code>{visible(key)}</code>
                  </div>
                ))
              : words.noLock,
          ],
          [words.undo, action.undo ? words.undoes[action.undo] : words.noUndo],
          [words.usual, <Usual key="usual" name={action.name} />],
        ]}
      />
      <p className={css.links}>
        <Link to={`/runs?${new URLSearchParams({ action: action.name })}`}>{words.runs}</Link>
        <Link to={`/schedules?${new URLSearchParams({ action: action.name })}`}>{words.schedules}</Link>
      </p>
    </Section>
  );
}

const Kind = ({ name }: { name: string }) => (
  <Link to={`/entities?${new URLSearchParams({ kind: name })}`}>{words.each(visible(name))}</Link>
);

function Approvals({ action }: { action: ActionView }) {
  const stages = action.approvals ?? [];
  if (stages.length === 0) return <>{words.noApproval}</>;
  return (
    <ol className={css.list}>
      {stages.map((stage, index) => (
        <li key={index}>
          {visible(stage.who)}, {text.actions.review.within(duration(stage.expires_in * 1000))}
          {stage.when !== null && (
            <div className="soft">
              {words.when} <code>{visible(stage.when)}</code>
            </div>
          )}
          {stage.rule !== null && (
            <div className="soft">
              {words.rule} <code>{visible(stage.rule)}</code>
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

function Steps({ action }: { action: ActionView }) {
  return (
    <ol className={css.list}>
      {(action.does ?? []).map((step) => (
        <li key={step.step}>
          {visible(step.step)}:{" "}
          {step.backend === null ? (
            (words.kinds[step.uses] ?? visible(step.uses))
          ) : (
            <>
              {visible(step.backend)} (
              <Link to="/connections" className={css.link}>
                {visible(step.uses)}
              </Link>
              )
              <div className="soft">
                <code>{visible([step.pipeline, step.project].filter(Boolean).join(" · "))}</code>
                {step.ref !== null && (
                  <>
                    {" "}
                    {words.at} <code>{visible(step.ref)}</code>
                  </>
                )}
              </div>
            </>
          )}
        </li>
      ))}
    </ol>
  );
}

function Usual({ name }: { name: string }) {
  const { data } = useQuery(usualQuery(useApi(), name));
  if (!data) return <span className="soft">{text.loading}</span>;
  if (data.runs === 0) return <span className="soft">{words.noRuns}</span>;
  const range = usualRange(data.quick_seconds, data.slow_seconds);
  return (
    <>
      {range && <div>{range}</div>}
      <div className={range ? "soft" : undefined}>{words.succeeded(data.succeeded, data.runs)}</div>
    </>
  );
}
