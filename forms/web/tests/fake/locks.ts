/** Locks of the example company: one that a run has and others wait for, one that a person holds. */
import type { HoldView, LockDetail, LockRow, RunView } from "../../src/api/types";
import { minutesAgo, no, person } from "./world";

const yes = { allowed: true, why_not: null };

export const HOLD: HoldView = {
  id: "h_1",
  key: "billing/production",
  by: person("sam"),
  reason: "database migration",
  asked_at: minutesAgo(30),
  began_at: minutesAgo(30),
  until: minutesAgo(-90),
  ended_at: null,
};

export function locksOf(runs: ReadonlyMap<string, RunView>, holds: readonly HoldView[]): LockDetail[] {
  const running = runs.get("r_running");
  const waiting = runs.get("r_waiting");
  const found: LockDetail[] = holds.map((hold) => ({
    ...empty(hold.key),
    hold,
    fence: 812,
    since: hold.began_at,
    text: `held by ${hold.by.name}: ${hold.reason}`,
    warning: `${hold.by.name} holds it for a reason: ${hold.reason}. Talk to them before you take it away.`,
  }));
  if (running)
    found.push({
      ...empty("shop/production"),
      holder: running,
      holder_run: running.id,
      fence: 815,
      since: minutesAgo(7),
      text: `held by run ${running.id}`,
      queued: waiting ? [waiting.id] : [],
      waiting: waiting ? 2 : 0,
      queue: waiting
        ? [
            { place: 1, run: waiting, expected_at: minutesAgo(-4.5) },
            { place: 3, run: { ...waiting, id: "r_third" }, expected_at: null },
          ]
        : [],
      running: [
        {
          run: running.id,
          step: "ship",
          connection: "github",
          external_run: "77",
          url: "http://127.0.0.1:9/acme/shop/actions/runs/77",
          detail: "in_progress",
          ended: false,
        },
      ],
      warning:
        "github run 77 may still be working on shop/production, and taking the lock away does not stop it. The next run would work there at the same time. Cancel the run first if you can.",
    });
  return found;
}

function empty(key: string): LockDetail {
  const row: LockRow = {
    key,
    holder_run: null,
    hold: null,
    next_hold: null,
    fence: null,
    since: null,
    queued: [],
    waiting: 0,
    text: "free",
  };
  return { ...row, holder: null, queue: [], running: [], warning: null, may_hold: yes, may_release: yes };
}

/** As somebody sees it who operates nothing. */
export const watching = (lock: LockDetail): LockDetail => ({
  ...lock,
  may_hold: no("This is for the roles operator or admin. Ask somebody who has one."),
  may_release: no("This is for the roles operator or admin. Ask somebody who has one."),
});
