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

/**
 * Runs that it calls: those that may be seen lead to their pages. What goes on or went wrong stands open; of waves the one
 * that it has come to.
 */
export function Calls({ calls }: { calls: readonly CalledRun[] }) {
  const waves = [...new Set(calls.map((one) => one.wave ?? 0))].filter((wave) => wave > 0);
  if (calls.length === 0) return null;
  const items = calls.filter((one) => !one.check);
  return (
    <>
      {items.length > 1 && <p className={css.note}>{words.callsSoFar(counted(items))}</p>}
      <Group calls={calls.filter((one) => !one.wave)} />
      {waves.map((wave) => (
        <Wave key={wave} wave={wave} of={waves.length} calls={calls.filter((one) => one.wave === wave)} />
      ))}
    </>
  );
}

/** Open while it is under way, and where something went wrong; keyed by that, so that it opens when it begins. */
function Wave({ wave, of, calls }: { wave: number; of: number; calls: readonly CalledRun[] }) {
  const { failed, goOn, notBegun } = counted(calls);
  const open = failed + goOn > 0 || (notBegun > 0 && notBegun < calls.length);
  return (
    <details key={String(open)} open={open}>
      <summary className={css.more}>
        {words.wave(wave, of)}: {words.callsSoFar(counted(calls.filter((one) => !one.check)))}
      </summary>
      <Group calls={calls} />
    </details>
  );
}

function Group({ calls }: { calls: readonly CalledRun[] }) {
  const well = calls.filter(wentWell);
  const unbegun = calls.filter(hasNotBegun);
  return (
    <>
      <List calls={calls.filter((one) => !wentWell(one) && !hasNotBegun(one))} />
      <Folded calls={well}>{words.wentWell(well.length)}</Folded>
      <Folded calls={unbegun}>{words.callsNotBegun(unbegun.length)}</Folded>
    </>
  );
}

const wentWell = (one: CalledRun) => one.state === "succeeded";
const hasNotBegun = (one: CalledRun) => one.state === null && one.run === null;

function counted(calls: readonly CalledRun[]): CallCounts {
  const [succeeded, notBegun] = [calls.filter(wentWell).length, calls.filter(hasNotBegun).length];
  const goOn = calls.filter((one) => one.state === null && one.run !== null).length;
  return { succeeded, failed: calls.length - succeeded - notBegun - goOn, goOn, notBegun };
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
        <li key={`${one.key} ${one.check}`}>
          <div className={css.row}>
            <span className={css.name}>
              {one.run ? (
                <RunLink id={one.run}>{visible(one.key || one.run)}</RunLink>
              ) : (
                visible(one.key || words.called)
              )}
              {one.check && <span className={css.inside}> {words.check}</span>}
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
