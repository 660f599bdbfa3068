import type { ReactNode } from "react";
import type { CalledRun, RunState } from "../../api/types";
import { RunLink } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { runLook, stepLook, type Look } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import type { CallCounts } from "../../text/runs";
import css from "./Steps.module.css";

const words = text.runs.steps;
/** So many that went well, or have not begun, are a line with their number. */
const MANY = 5;

/** Runs that it calls: those that may be seen lead to their pages. Of a long list what goes on or went wrong stands open. */
export function Calls({ calls }: { calls: readonly CalledRun[] }) {
  const well = calls.filter((one) => one.state === "succeeded");
  const unbegun = calls.filter((one) => one.state === null && one.run === null);
  const rest = calls.filter((one) => !well.includes(one) && !unbegun.includes(one));
  if (calls.length === 0) return null;
  return (
    <>
      {calls.length > 1 && <p className={css.note}>{words.callsSoFar(counted(well, rest, unbegun))}</p>}
      <List calls={rest} />
      <Folded calls={well}>{words.wentWell(well.length)}</Folded>
      <Folded calls={unbegun}>{words.callsNotBegun(unbegun.length)}</Folded>
    </>
  );
}

function counted(
  well: readonly CalledRun[],
  rest: readonly CalledRun[],
  unbegun: readonly CalledRun[],
): CallCounts {
  const goOn = rest.filter((one) => one.state === null).length;
  return { succeeded: well.length, failed: rest.length - goOn, goOn, notBegun: unbegun.length };
}

function Folded({ calls, children }: { calls: readonly CalledRun[]; children: ReactNode }) {
  if (calls.length <= MANY) return <List calls={calls} />;
  return (
    <details>
      <summary className={css.more}>{children}</summary>
      <List calls={calls} />
    </details>
  );
}

function List({ calls }: { calls: readonly CalledRun[] }) {
  if (calls.length === 0) return null;
  return (
    <ul className={css.files}>
      {calls.map((one) => (
        <li key={one.key}>
          <div className={css.row}>
            <span className={css.name}>
              {one.run ? (
                <RunLink id={one.run}>{visible(one.key || one.run)}</RunLink>
              ) : (
                visible(one.key || words.called)
              )}
            </span>
            <span className={css.took}>
              <StateBadge bare look={lookOf(one)} />
            </span>
          </div>
          {one.text && <p className={css.notes}>{visible(one.text)}</p>}
        </li>
      ))}
    </ul>
  );
}

function lookOf({ run, state }: CalledRun): Look {
  if (state !== null) return runLook(state as RunState);
  return run === null
    ? { ...stepLook("pending"), word: words.notBegun }
    : { ...runLook("running"), word: words.goesOn };
}
