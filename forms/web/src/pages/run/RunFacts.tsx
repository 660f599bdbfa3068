import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { usualQuery } from "../../api/queries";
import type { LockView, RunView } from "../../api/types";
import { Facts, PersonName, RunLink, Section } from "../../parts/Basics";
import { CopyText } from "../../parts/CopyText";
import { visible } from "../../parts/textOf";
import { usualRange } from "../../parts/time";
import { Took, When } from "../../parts/Times";
import { text } from "../../text";

const words = text.runs;

export function RunFacts({ run }: { run: RunView }) {
  return (
    <Section title={words.about}>
      <Facts
        facts={[
          [words.by, <PersonName key="by" person={run.requester} />],
          run.comment !== null && run.comment !== "" && [words.comment, visible(run.comment)],
          run.cause !== undefined &&
            run.cause !== null && [
              words.cause[run.cause.kind],
              <Link key="cause" to={`/${run.cause.kind}s/${encodeURIComponent(run.cause.name)}`}>
                {visible(run.cause.title)}
              </Link>,
            ],
          [words.asked, <When key="asked" at={run.created_at} />],
          run.started_at !== null && [
            words.duration,
            <span key="took">
              <Took start={run.started_at} end={run.ended_at} />
              <Usually action={run.action} />
            </span>,
          ],
          run.lock !== null && [words.lock.title, <Lock key="lock" lock={run.lock} />],
          run.undo_of !== null && [words.undoOf, <RunLink key="undo-of" id={run.undo_of} />],
          Boolean(run.rerun_of) && [words.rerunOf, <RunLink key="rerun-of" id={run.rerun_of ?? ""} />],
          Boolean(run.called_by) && [
            words.calledBy,
            <span key="called-by">
              <RunLink id={run.called_by ?? ""} />
              {run.called_by_step && `, ${visible(run.called_by_step)}`}
            </span>,
          ],
          Boolean(run.resume_of) && [words.resumeOf, <RunLink key="resume-of" id={run.resume_of ?? ""} />],
          Boolean(run.resumed_by) && [
            words.resumedBy,
            <RunLink key="resumed-by" id={run.resumed_by ?? ""} />,
          ],
          run.undone_by !== null && [words.undoneBy, <RunLink key="undone-by" id={run.undone_by} />],
          run.previous_run !== null && [words.previous, <RunLink key="previous" id={run.previous_run} />],
          run.may.evidence.allowed && [
            words.evidence,
            <a key="evidence" href={`/api/v1/runs/${encodeURIComponent(run.id)}/evidence`} download>
              {words.evidenceFile}
            </a>,
          ],
          [words.id, <CopyText key="id" value={run.id} />],
        ]}
      />
    </Section>
  );
}

/** Beside how long this one takes, how long the others took. */
function Usually({ action }: { action: string }) {
  const { data } = useQuery(usualQuery(useApi(), action));
  const range = data ? usualRange(data.quick_seconds, data.slow_seconds) : null;
  return range && <span className="soft">, {words.usually(range)}</span>;
}

function Lock({ lock }: { lock: LockView }) {
  const details = [
    words.lock.state[lock.state],
    lock.position !== null && words.lock.position(lock.position),
    lock.fence !== null && words.lock.fence(lock.fence),
  ].filter(Boolean);
  return (
    <>
      {lock.keys.map((one) => (
        <div key={one.key}>
          <code>{visible(one.key)}</code>
          {lock.state === "queued" && <span className="soft"> {visible(one.text)}</span>}
        </div>
      ))}
      <span className="soft">{details.join(", ")}</span>
      {lock.expected_at !== null && (
        <span className="soft">
          , {words.lock.expected} <When at={lock.expected_at} />
        </span>
      )}
      {lock.state === "queued" && lock.held_by_run && (
        <>
          <br />
          {words.lock.heldBy} <RunLink id={lock.held_by_run} />
        </>
      )}
    </>
  );
}
