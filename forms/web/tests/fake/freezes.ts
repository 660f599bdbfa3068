/** The freezes of the example company. */
import type { FreezeView } from "../../src/api/types";
import { minutesAgo, person } from "./world";

export const YEAR_END: FreezeView = {
  id: "year-end",
  title: "Year end",
  description: "",
  owner: "group:sre",
  reason: "Nobody is there to mend it",
  spec: {
    reason: "Nobody is there to mend it",
    from: "2026-12-23T18:00",
    until: "2027-01-04T08:00",
    timezone: "Europe/Berlin",
    where: { environments: ["production"] },
  },
  from_file: true,
  made_by: null,
  changed_at: minutesAgo(60 * 24 * 20),
  frozen_now: true,
  until: "2027-01-04T07:00:00Z",
  text: "holds until 4 Jan 2027 08:00 Europe/Berlin",
  occurrences: [{ start: "2026-12-23T17:00:00Z", end: "2027-01-04T07:00:00Z" }],
};

export const OFFICE_HOURS: FreezeView = {
  ...YEAR_END,
  id: "office-hours",
  title: "Office hours",
  reason: "Deploy while people are there",
  spec: {
    reason: "Deploy while people are there",
    timezone: "Europe/Berlin",
    calendar: { start: "2026-01-05T09:00", rule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", duration: "7h" },
    frozen: "outside",
    where: { actions: ["deploy"] },
  },
  frozen_now: false,
  until: null,
  text: "open until 16:00 Europe/Berlin",
  occurrences: [
    { start: "2026-12-01T08:00:00Z", end: "2026-12-01T15:00:00Z" },
    { start: "2026-12-02T08:00:00Z", end: "2026-12-02T15:00:00Z" },
  ],
};

/** One that somebody made by the API. */
export const madeOf = (id: string, body: Partial<FreezeView>, by: string): FreezeView => ({
  ...YEAR_END,
  ...body,
  id,
  description: body.description ?? "",
  reason: String(body.spec?.["reason"] ?? ""),
  from_file: false,
  made_by: person(by),
  frozen_now: false,
  until: null,
  text: "open",
  occurrences: [],
});
