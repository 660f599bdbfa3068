/** What people are asked to do in the middle of a run. */
import type { FormView, TaskView } from "../../src/api/types";
import * as world from "./world";

const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

export function taskOf(change: Partial<TaskView> = {}): TaskView {
  return {
    id: "tk_1",
    kind: "task",
    run: "r_running",
    step: "switch",
    action: "release",
    action_title: "Release a service",
    entity: "service:shop",
    requester: world.person("ana"),
    state: "open",
    text: "waits for group:sre, due tomorrow",
    needed_from: ["group:sre"],
    who: "group:sre",
    four_eyes: false,
    created_at: at(-5),
    due_at: at(60),
    ends_at: at(60),
    overdue: false,
    escalated_at: null,
    claimed_by: null,
    claimed_at: null,
    yours: false,
    may_do: { allowed: true, why_not: null },
    does_for: null,
    instructions: "# Switch it\n<b>by hand</b>",
    asks: false,
    left: [],
    words: null,
    settled_by: null,
    settled_at: null,
    ...change,
  };
}

/** A form that wants a link. */
export function linkForm(answers: Record<string, unknown>): FormView {
  return {
    action: "release",
    version: "v".repeat(64),
    entity: null,
    pages: [
      {
        title: "Evidence",
        form_schema: {
          type: "object",
          required: ["link"],
          properties: { link: { type: "string", title: "Link" } },
        },
        ui: {},
      },
    ],
    data: answers,
    errors: [],
    warnings: [],
  };
}
