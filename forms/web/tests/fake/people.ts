/** Who did what, and who is let in. */
import type {
  AuditSeal,
  AuditShown,
  AuditVerification,
  DelegationView,
  OnCallView,
  PrincipalView,
  RefusedWebhookView,
  SessionView,
  TokenView,
} from "../../src/api/types";
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
  delegations: 0,
  used_at: minutesAgo(3),
  ...change,
});

export const PRINCIPALS: PrincipalView[] = [
  principal("ana", { groups: ["group:storefront"] }),
  principal("sam", { present: false, roles: [], sessions: 0, tokens: 0, delegations: 1, used_at: null }),
];

export const HOLDS: AuditVerification = {
  holds: true,
  broken_at: null,
  what: null,
  first: 1,
  last: 93,
  checkpoints: 2,
  outside: 1,
  sealed: 90,
  unchecked: 0,
  seconds: 0.1,
};

const token = (id: string, owner: string, change: Partial<TokenView> = {}): TokenView => ({
  id,
  name: `Robot of ${owner}`,
  scopes: ["read"],
  owner: person(owner),
  created_at: minutesAgo(500),
  expires_at: minutesAgo(-5000),
  last_used_at: minutesAgo(5),
  revoked_at: null,
  ...change,
});

export const TOKENS: TokenView[] = [
  token("t_1", "ana"),
  token("t_2", "sam", { revoked_at: minutesAgo(5) }),
  token("t_3", "sam", { expires_at: minutesAgo(5), last_used_at: null }),
];

export const ON_CALL: OnCallView[] = [
  {
    entity: "service:shop",
    title: "Shop",
    place: "properties.on_call",
    names: ["person:sam"],
    actions: [{ name: "deploy", title: "Deploy a service" }],
  },
];

export const REFUSED: RefusedWebhookView[] = [
  {
    why: "The delivery was refused and nothing of it was kept: it is not signed.",
    source: "192.0.2.1",
    size: 1_100_000,
    times: 1200,
    first_at: minutesAgo(60),
    last_at: minutesAgo(1),
  },
];
