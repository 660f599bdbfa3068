/** A trigger of the example company, and an event that it has seen. */
import type { EventDetail, ReactionView, TriggerView } from "../../src/api/types";
import { minutesAgo } from "./world";

export const ON_ALERT: TriggerView = {
  id: "shop-down",
  title: "Restart what does not answer",
  description: "",
  owner: "person:ana",
  action: "restart",
  listens: "alertmanager",
  spec: { on: { event: "alertmanager" }, when: "${{ item.status == 'firing' }}", action: "restart" },
  state: "active",
  text: "listens",
  paused_why: null,
  paused_by: null,
  failures: 0,
  changed_at: minutesAgo(60),
  may_pause: { allowed: true, why_not: null },
};

const BEGUN: ReactionView = {
  trigger: "shop-down",
  event: "e_1",
  item: 0,
  turn: 0,
  at: minutesAgo(10),
  state: "started",
  text: "Its run is succeeded.",
  by: null,
  run: "r_seed1",
  run_state: "succeeded",
};

export const REACTIONS: readonly ReactionView[] = [
  {
    ...BEGUN,
    event: "e_2",
    at: minutesAgo(5),
    state: "skipped",
    text: "One began for the same less than 30m before. Nothing was started.",
    run: null,
    run_state: null,
  },
  BEGUN,
];

export const EVENT: EventDetail = {
  id: "e_1",
  source: "alertmanager",
  delivery: "msg_1",
  key: null,
  received_at: minutesAgo(10),
  caused: [BEGUN],
  payload: { version: "4", alerts: [{ status: "firing" }] },
};
