/** A run of many steps, to be looked at with `npm run dev`: work, people, time, called runs, what is temporary. */
import type { RunView, StepView } from "../../src/api/types";
import { minutesAgo, no, person, run } from "./world";

const yes = { allowed: true, why_not: null };
const bare = (path: string, kind: string, state: StepView["state"], text: string): StepView => ({
  ...{ path, kind, uses: kind, state, text, needs: null, due_at: null },
  ...{ started_at: null, ended_at: null, attempts: [], jobs: [], log_note: null },
  ...{ outputs: null, outputs_source: null, secrets: [], secrets_at: null, secrets_by: null },
});
const took = (from: number, to: number | null) => ({
  started_at: minutesAgo(from),
  ended_at: to === null ? null : minutesAgo(to),
});
const called = (key: string, state: string | null, id: string | null, text: string | null = null) => ({
  ...{ key, state, text },
  run: id,
});

/** It goes on: two steps are done, four wait for different things, two have not begun. */
export function goingOn(): RunView {
  const base = run("r_book_going_on_00000", "running", {
    action: "release",
    action_title: "Release everywhere",
  });
  const [ship] = base.steps as [StepView];
  return {
    ...base,
    created_at: minutesAgo(95),
    started_at: minutesAgo(90),
    waits: {
      kind: "steps",
      text: "3 steps go on (regions, switch, access): waits for 2 runs that it called; waits for group:sre to do it; lasts until 22:00 UTC",
      owner: "group:sre",
      next_event: "somebody does it",
      until: minutesAgo(-35),
      then: "others are asked, too",
      url: null,
    },
    steps: [
      { ...ship, path: "build", state: "succeeded", text: "succeeded", ...took(90, 82) },
      {
        ...bare("soak", "wait", "succeeded", "succeeded"),
        ...took(82, 52),
      },
      {
        ...bare("regions", "foreach", "running", "waits for 2 runs that it called; 8 of 16 have ended"),
        ...took(52, null),
        due_at: minutesAgo(-300),
        calls: [
          ...Array.from({ length: 7 }, (_, index) =>
            called(`region-${index + 1}`, "succeeded", `r_ok${index}`),
          ),
          called("eu-central", "failed", "r_eu", "The pipeline failed in the job check."),
          called("eu-west", null, "r_west"),
          called("us-east", null, "r_east"),
          ...Array.from({ length: 6 }, (_, index) => called(`later-${index + 1}`, null, null)),
        ],
      },
      {
        ...bare(
          "switch",
          "task",
          "running",
          "waits for group:sre to do it, due 21:00 UTC; then others are asked, too",
        ),
        ...took(52, null),
        needs: ["soak"],
        task: "tk_1",
        due_at: minutesAgo(-35),
      },
      {
        ...bare("access", "temporary", "running", "lasts until 22:00 UTC; then it is taken back"),
        ...took(50, null),
        due_at: minutesAgo(-95),
        lasts: {
          until: minutesAgo(-95),
          latest: minutesAgo(-400),
          extend: no("Who asked for the run does not extend it."),
          ask: yes,
          give_back: yes,
        },
      },
      { ...bare("announce", "notify", "pending", "pending"), needs: ["regions", "switch"] },
      { ...bare("watch", "check", "pending", "pending"), needs: ["announce"] },
    ],
  };
}

/** It failed, and half of what it did is taken back. */
export function takenBack(): RunView {
  const base = run("r_book_taken_back_000", "running", {
    action: "release",
    action_title: "Release everywhere",
  });
  const [ship] = base.steps as [StepView];
  return {
    ...base,
    undoing: {
      ends: "failed",
      choices: [],
      said: [{ choice: "undo", by: person("sam"), reason: "Half of the regions have it", at: minutesAgo(3) }],
    },
    steps: [
      { ...ship, path: "grant", state: "succeeded", text: "succeeded", ...took(30, 26) },
      {
        ...ship,
        ...{ path: "ship", state: "failed", text: "the pipeline failed in the job check" },
        ...took(26, 4),
        attempts: ship.attempts,
      },
      { ...bare("tell", "notify", "skipped", "skipped") },
      { ...ship, path: "ship.undo", undoes: "ship", state: "succeeded", text: "succeeded", ...took(3, 2) },
      { ...ship, path: "grant.undo", undoes: "grant", text: "github says: in_progress", ...took(2, null) },
    ],
  };
}
