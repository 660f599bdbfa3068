/** The schedules of the example company. */
import type { FiringView, PreviewView, ScheduleView } from "../../src/api/types";
import { minutesAgo } from "./world";

const YES = { allowed: true, why_not: null };
const no = (why: string) => ({ allowed: false, why_not: why });

export const NIGHTLY: ScheduleView = {
  id: "nightly",
  title: "Restart every night",
  description: "",
  owner: "person:ana",
  action: "restart",
  entity: "service:shop",
  spec: {
    action: "restart",
    entity: "service:shop",
    inputs: { environment: "environment:staging" },
    cron: "30 2 * * *",
    timezone: "Europe/Berlin",
  },
  from_file: false,
  state: "active",
  text: "due next on Sun 28 Mar 2027 03:00 CEST",
  paused_why: null,
  paused_by: null,
  failures: 0,
  next_at: "2027-03-28T01:00:00Z",
  upcoming: [
    {
      at: "2027-03-28T01:00:00Z",
      local: "Sun 28 Mar 2027 03:00 CEST",
      note: "02:30 does not exist on this day, because the clocks go forward: it runs when they do, at 03:00.",
    },
    { at: "2027-03-29T00:30:00Z", local: "Mon 29 Mar 2027 02:30 CEST", note: null },
  ],
  last: null,
  changed_at: minutesAgo(60),
  may: { change: YES, pause: YES, remove: YES, take: no("It is yours already."), run: YES },
};

export const FIRINGS: readonly FiringView[] = [
  {
    at: minutesAgo(60 * 24),
    state: "started",
    text: "Its run is succeeded.",
    count: 1,
    last_at: null,
    by: null,
    run: "r_seed1",
    run_state: "succeeded",
  },
  {
    at: minutesAgo(60 * 72),
    state: "missed",
    text: "6 times were missed. Nothing was started.",
    count: 6,
    last_at: minutesAgo(60 * 66),
    by: null,
    run: null,
    run_state: null,
  },
];

export const PREVIEW: PreviewView = { upcoming: NIGHTLY.upcoming, text: NIGHTLY.text };

export const paused = (one: ScheduleView, why: string): ScheduleView => ({
  ...one,
  state: "paused",
  paused_why: why,
  text: `paused since 12:00 UTC: ${why}`,
  upcoming: [],
});
