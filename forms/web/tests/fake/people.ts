/** Who did what, and who is let in. */
import type { AuditSeal, AuditShown, DelegationView, PrincipalView, SessionView } from "../../src/api/types";
import { minutesAgo, person } from "./world";

const entry = (number: number, action: string, subject: string, by: string | null): AuditShown => ({
  number,
  action,
  subject,
  at: minutesAgo(100 - number),
  actor: by ?? "daytwo",
  who: by ? person(by) : { id: "daytwo", name: "Daytwo", ref: null },
  facts: { version: "1.1.0" },
  hash: String(number).padStart(64, "0"),
});

export const AUDIT: AuditShown[] = [
  entry(93, "run.accepted", "run:r_running", "ana"),
  entry(92, "entity.changed", "entity:service:shop", null),
  entry(91, "freeze.made", "freeze:year-end", "sam"),
];

export const SEAL: AuditSeal = {
  entries: 93,
  sealed: 90,
  sealed_at: minutesAgo(4),
  failing_since: null,
  why: null,
  keys: [{ id: "k_1", pem: "-----BEGIN PUBLIC KEY-----", current: true }],
};

export const SESSIONS: SessionView[] = [
  { created_at: minutesAgo(90), last_used_at: minutesAgo(0), expires_at: minutesAgo(-300), this: true },
  { created_at: minutesAgo(900), last_used_at: minutesAgo(60), expires_at: minutesAgo(-30), this: false },
];

export const DELEGATION: DelegationView = {
  id: "d_1",
  by: person("sam"),
  to: "person:ana",
  approval: null,
  begins_at: minutesAgo(60),
  ends_at: minutesAgo(-600),
  reason: "On holiday",
  revoked_at: null,
  in_force: true,
};

const principal = (id: string, change: Partial<PrincipalView> = {}): PrincipalView => ({
  ...person(id),
  issuer: "catalog",
  present: true,
  groups: [],
  roles: ["requester"],
  since: minutesAgo(9000),
  sessions: 1,
  tokens: 2,
  used_at: minutesAgo(3),
  ...change,
});

export const PRINCIPALS: PrincipalView[] = [
  principal("ana", { groups: ["group:storefront"] }),
  principal("sam", { present: false, roles: [], sessions: 0, tokens: 0, used_at: null }),
];
