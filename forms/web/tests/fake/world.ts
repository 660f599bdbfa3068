/** The example company as the page sees it: just enough of it for `npm run dev` and the component tests. */
import type {
  ActionView,
  ApprovalView,
  ConnectionView,
  EntityView,
  ExceptionView,
  FormView,
  GateView,
  HeldView,
  LogLine,
  Me,
  Permitted,
  RunState,
  RunView,
} from "../../src/api/types";
import { canonical } from "../../src/pages/approval/digest";
import { createHash } from "node:crypto";

export const NOW = Date.now();
export const minutesAgo = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
export const sha = (value: unknown): string => createHash("sha256").update(canonical(value)).digest("hex");
export const KEY = {
  key: "shop/production",
  held: false,
  held_by_run: null,
  hold: null,
  next_hold: null,
  since: null,
  fence: null,
  queued: 0,
  text: "free",
};
const LOCK: NonNullable<RunView["lock"]> = {
  key: KEY.key,
  keys: [KEY],
  queue: "fifo",
  state: "none",
  fence: null,
  position: null,
  held_by_run: null,
  expected_at: null,
};
const yes: Permitted = { allowed: true, why_not: null };
export const no = (why_not: string): Permitted => ({ allowed: false, why_not });

const OPERATES = [
  ...["self", "read", "run", "decide", "runs.control", "locks.hold", "locks.force"],
  ...["freezes.manage", "stop.global", "webhooks.read"],
];
export const PEOPLE: Record<string, Me> = Object.fromEntries(
  (
    [
      ["ana", "Ana", ["group:storefront"]],
      ["sam", "Sam", ["group:sre"]],
    ] as const
  ).map(([id, name, groups]) => [
    id,
    {
      id,
      name,
      ref: `person:${id}`,
      groups: [...groups],
      roles: id === "sam" ? ["operator"] : ["requester"],
      permissions: id === "sam" ? OPERATES : ["self", "read", "run", "decide"],
      scopes: ["read", "run", "approve"],
      sign_out: true,
    },
  ]),
);
export const person = (id: string) => {
  const { name, ref } = PEOPLE[id] as Me;
  return { id, name, ref };
};

const action = (name: string, title: string, description: string, may = yes): ActionView => ({
  name,
  title,
  description,
  tags: [name, "service"],
  owner: "group:platform",
  operation: "day-2",
  target_kind: "service",
  may_run: may,
  runners: "the owner of the service or group:sre",
  version: sha(name),
  steps: ["ship"],
  does: [
    {
      step: "ship",
      uses: "github",
      backend: "GitHub",
      project: "${{ entity.properties.repository }}",
      pipeline: "deploy.yml",
      ref: "main",
    },
  ],
  approvals:
    name === "restart"
      ? []
      : [
          {
            who: "one of group:sre",
            when: "${{ inputs.environment.name == 'production' }}",
            rule: null,
            expires_in: 86_400,
          },
        ],
  lock_keys: name === "restart" ? [] : ["${{ entity.name }}/${{ inputs.environment.name }}"],
  queue: "fifo",
  undoable: name !== "restart",
  undo: name === "restart" ? null : "previous",
  break_glass: null,
});
export const ACTIONS: ActionView[] = [
  action("deploy", "Deploy a service", "Ships a version of a service to an environment."),
  action("rollback", "Roll back a service", "Puts an older version of a service back."),
  action(
    "restart",
    "Restart a service",
    "Stops a service and starts it again, without changing its version.",
  ),
  action(
    "drain",
    "Drain a service",
    "Takes a service out of the load balancer.",
    no("Only members of group:sre may drain a service; ask Sam or anyone else there."),
  ),
];

const entity = (
  ref: string,
  title: string,
  properties: EntityView["properties"] = {},
  relations: EntityView["relations"] = {},
  owner: string | null = "group:storefront",
): EntityView => {
  const [kind = "", name = ""] = ref.split(":");
  return {
    ...{ ref, kind, name, title, owner, properties, relations },
    ...{ referenced_by: [], version: 1, changed_at: minutesAgo(900), changed_by: "file" },
  };
};
const deployment = (service: string, environment: string, version: string) => ({
  ...entity(
    `deployment:${service}-${environment}`,
    `${service} in ${environment}`,
    { version, run: "r_seed1" },
    { service: [`service:${service}`], environment: [`environment:${environment}`] },
  ),
  changed_by: "run:r_seed1",
  changed_at: minutesAgo(95),
});
const withBack = (all: EntityView[]): Map<string, EntityView> =>
  new Map(
    all.map((one) => [
      one.ref,
      {
        ...one,
        referenced_by: all
          .filter((other) => Object.values(other.relations).flat().includes(one.ref))
          .map((o) => o.ref),
      },
    ]),
  );
export const ENTITIES = withBack([
  entity(
    "service:shop",
    "Shop",
    { repository: "acme/shop", tier: 1, language: "python" },
    { dependsOn: ["service:billing"] },
  ),
  entity("service:billing", "Billing", { repository: "acme/billing", tier: 1 }),
  entity("environment:staging", "Staging", { tier: "staging" }, {}, "group:sre"),
  entity("environment:production", "Production", { tier: "production" }, {}, "group:sre"),
  entity("group:storefront", "Storefront", {}, {}, null),
  entity("group:sre", "SRE", {}, {}, null),
  entity("group:platform", "Platform", {}, {}, null),
  entity("person:ana", "Ana", { email: "ana@acme.example" }, { memberOf: ["group:storefront"] }, null),
  entity("person:sam", "Sam", { email: "sam@acme.example" }, { memberOf: ["group:sre"] }, null),
  deployment("shop", "staging", "1.1.0"),
  deployment("shop", "production", "1.0.0"),
  deployment("billing", "production", "2.4.1"),
]);

const VERSIONS = ["1.3.0", "1.2.0", "1.1.0", "1.0.0"];
export const versionOptions = (search: string) =>
  VERSIONS.filter((version) => version.includes(search)).map((version) => ({
    value: version,
    title: version,
    detail: `tag of acme/shop, commit ${sha(version).slice(0, 7)}`,
  }));

/** What the server would make of these answers. */
export function resolveForm(
  name: string,
  entityRef: string | null,
  answers: Record<string, unknown>,
): FormView {
  const production = answers["environment"] === "environment:production";
  const environments = ["staging", "production"].map((one) => ({
    const: `environment:${one}`,
    title: one === "staging" ? "Staging" : "Production",
  }));
  const properties: Record<string, unknown> = {
    version: { type: "string", title: "Version", description: "A tag of the service's repository." },
    environment: { type: "string", title: "Environment", oneOf: environments },
    ...(production ? { reason: { type: "string", title: "Reason", maxLength: 500 } } : {}),
  };
  const required = ["version", "environment"];
  const data = Object.fromEntries(Object.entries(answers).filter(([key]) => key in properties));
  const errors = required
    .filter((field) => !data[field])
    .map((field) => ({
      pointer: `/${field}`,
      detail: `${(properties[field] as { title: string }).title} is required`,
    }));
  if (data["version"] && !VERSIONS.includes(String(data["version"]))) {
    errors.push({ pointer: "/version", detail: "Version: this is not one of the choices" });
  }
  return {
    action: name,
    version: sha(name),
    entity: entityRef,
    pages: [
      {
        title: "What",
        form_schema: { type: "object", title: "What", properties, required, additionalProperties: false },
        ui: {
          version: { "ui:options": { remote: true } },
          environment: { "ui:options": { entity: "environment" }, "ui:widget": "radio" },
          reason: { "ui:widget": "textarea", "ui:help": "Those who approve read this." },
        },
      },
    ],
    data,
    errors,
    warnings: [],
  } as FormView;
}

export function planDocument(run: string, requester: string, inputs: Record<string, unknown>) {
  const environment = String(inputs["environment"] ?? "environment:staging").split(":")[1];
  const sent = { version: inputs["version"] ?? null, environment };
  return {
    v: 1,
    run,
    action: { name: "deploy", version: sha("deploy") },
    requester: { issuer: "daytwo-up", subject: requester },
    entity: { ref: "service:shop", owner: "group:storefront" },
    inputs,
    read: { "entity.properties.repository": "acme/shop" },
    lock: `shop/${environment}`,
    approval: environment === "production" ? { needed_from: ["group:sre"], count: 1 } : null,
    steps: [
      {
        path: "ship",
        uses: "github",
        project: "acme/shop",
        pipeline: "deploy.yml",
        ref: "main",
        pinned: { project_id: "1", pipeline_id: "2", commit: sha("main").slice(0, 40), marked: true },
        inputs: sent,
        timeout: 1800,
        request: {
          method: "POST",
          path: "/repos/acme/shop/actions/workflows/2/dispatches",
          body: JSON.stringify({ ref: "main", inputs: { ...sent, daytwo_run: "d2-4f81c2" } }),
          sha256: sha(sent),
        },
      },
    ],
    catalog: [
      {
        kind: "deployment",
        name: `shop-${environment}`,
        properties: { version: inputs["version"] ?? null, run },
        relations: { service: ["service:shop"], environment: [`environment:${environment}`] },
      },
    ],
  };
}

const RAW_LOG = [
  "##[group]Set up job",
  "Runner of this machine, work tree of the dispatched commit",
  "##[endgroup]",
  "##[command]python -m unittest -v",
  "\u001b[32mok\u001b[0m test_price (tests.test_price.PriceTest)",
  "\u001b[32mok\u001b[0m test_cart_total (tests.test_cart.CartTest)",
  "\u001b[33mwarning\u001b[0m: 1 test skipped: needs a network",
  "Ran 14 tests in 0.412s",
  "##[group]Install release into the environment's folder",
  "Installing into releases/1.2.0",
];
const FAILING = [
  "Starting the release on side port 18271",
  "##[error]The release does not start: the setting SHOP_CURRENCY is missing",
];

export function logOf(failing: boolean, length = 260): LogLine[] {
  const lines = Array.from(
    { length },
    (_, index) => RAW_LOG[index] ?? `copied app/module_${index}.py \u001b[2m(${index * 37} bytes)\u001b[0m`,
  );
  const all = failing ? [...lines, ...FAILING] : lines;
  return all.map((text, index) => ({
    number: index + 1,
    step: "ship",
    job: index < 8 ? "test" : index < length ? "install" : "check",
    text: `2026-11-21T10:${String(10 + Math.floor(index / 60)).padStart(2, "0")}:${String(index % 60).padStart(2, "0")}.0000000Z ${text}`,
  }));
}

const JOBS = ["test", "install", "check", "switch"];
type Status = RunView["steps"][number]["jobs"][number]["status"];

/** Jobs of which the first `reached` are done and the next is `last`. */
function jobs(reached: number, last: Status): RunView["steps"][number]["jobs"] {
  return JOBS.map((name, index) => {
    const status: Status =
      index < reached ? "succeeded" : index === reached ? last : last === "failed" ? "skipped" : "queued";
    const begun = index <= reached ? minutesAgo(6 - index) : null;
    const ended = status === "succeeded" || status === "failed" ? minutesAgo(5.5 - index) : null;
    return {
      id: `j${index}`,
      name,
      status,
      detail: status,
      url: `http://127.0.0.1:9/acme/shop/actions/runs/77/job/${index}`,
      started_at: begun,
      ended_at: ended,
      kind: "job" as const,
      parent: null,
      gate: null,
      notes: [],
      steps:
        begun === null
          ? []
          : ["Set up job", `Run ${name}`, "Complete job"].map((step, number) => ({
              number: number + 1,
              name: step,
              status:
                number === 1
                  ? status
                  : status === "running" && number === 2
                    ? ("queued" as const)
                    : ("succeeded" as const),
              started_at: begun,
              ended_at: ended,
            })),
    };
  });
}

export const GATE: GateView = {
  id: "g_1",
  step: "ship",
  job: "approve",
  kind: "suspend",
  title: "approve",
  text: "waits in Argo Workflows for somebody to resume it",
  url: "https://argo.example/1",
  go: { allowed: true, why_not: null },
  stop: { allowed: false, why_not: "Only Sam may stop it." },
  answers: [],
};

export const CONNECTIONS: ConnectionView[] = [
  {
    name: "github",
    backend: "github",
    title: "GitHub",
    address: "https://api.github.com",
    reachable: true,
    last_error: null,
    live_logs: false,
    limit: 5000,
    budget_left: 3120,
    resets_at: minutesAgo(-20),
    held_until: minutesAgo(-2),
    requests: 2390,
    allowance: 2500,
    pace: 28.8,
    projects: 20,
    open_runs: 1000,
    polled_at: minutesAgo(0.2),
    stream: null,
    webhook_at: minutesAgo(1),
  },
];

export function run(id: string, state: RunState, change: Partial<RunView> = {}): RunView {
  const inputs = change.inputs ?? {
    version: "1.1.0",
    environment: "environment:production",
    reason: "The basket counts twice",
  };
  const plan = planDocument(id, "ana", inputs);
  const ended = ["succeeded", "failed", "cancelled", "rejected", "expired"].includes(state);
  const started = ![
    "accepted",
    "waiting_approval",
    "waiting_window",
    "waiting_lock",
    "rejected",
    "expired",
  ].includes(state);
  const reached = state === "succeeded" ? 4 : state === "failed" ? 2 : 1;
  return {
    id,
    action: "deploy",
    action_title: "Deploy a service",
    entity: "service:shop",
    requester: person("ana"),
    state,
    text: TEXTS[state] ?? state,
    created_at: minutesAgo(8),
    started_at: started ? minutesAgo(7) : null,
    ended_at: ended ? minutesAgo(2) : null,
    inputs,
    comment: "Customers are waiting for it",
    version: sha("deploy"),
    reason:
      state === "failed"
        ? "The pipeline failed in the job check. Production still runs 1.0.0: the switch was not reached."
        : null,
    waits: null,
    digest: sha(plan),
    plan,
    steps: [
      {
        path: "ship",
        uses: "github",
        kind: "dispatch",
        needs: [],
        due_at: null,
        state:
          state === "succeeded"
            ? "succeeded"
            : state === "failed"
              ? "failed"
              : started
                ? "running"
                : "pending",
        text: started ? "deploy.yml on acme/shop" : "has not begun",
        started_at: started ? minutesAgo(7) : null,
        ended_at: ended && started ? minutesAgo(2) : null,
        attempts: started
          ? [
              {
                number: 1,
                state: "accepted",
                note: null,
                digest: sha("request"),
                marker: "d2-4f81c2",
                intent_at: minutesAgo(7),
                sent_at: minutesAgo(7),
                claimed_by: null,
                claimed_at: null,
                findings: [],
                external: {
                  connection: "github",
                  id: "77",
                  url: "http://127.0.0.1:9/acme/shop/actions/runs/77",
                  status: state === "succeeded" ? "succeeded" : state === "failed" ? "failed" : "running",
                  detail: state === "running" ? "in_progress" : "completed",
                  attempt: 1,
                  commit: sha("main").slice(0, 40),
                  waits_for: null,
                  seen_at: minutesAgo(0.2),
                  unseen_since: null,
                  facts: [],
                  artifacts: [],
                },
              },
            ]
          : [],
        jobs: started ? jobs(reached, state === "failed" ? "failed" : "running") : [],
        log_note: started ? null : "The log begins when the pipeline does.",
        outputs:
          state === "succeeded"
            ? { url: "https://shop.example", plain: "http://shop.example", replicas: 3 }
            : null,
        outputs_source: state === "succeeded" ? "report" : null,
        secrets: [],
        secrets_at: null,
        secrets_by: null,
      },
    ],
    approvals: [],
    gates: [],
    unheard: [],
    lock: started
      ? {
          ...LOCK,
          state: ended ? "released" : "held",
          fence: 12,
          held_by_run: ended ? null : id,
        }
      : LOCK,
    changes:
      state === "succeeded"
        ? [
            {
              entity: "deployment:shop-production",
              before: { properties: { version: "1.0.0", run: "r_seed1" } },
              after: { properties: { version: "1.1.0", run: id } },
            },
          ]
        : [],
    first_error: state === "failed" ? (logOf(true).at(-1) ?? null) : null,
    log_lines: 0,
    log_pending: false,
    undo_of: null,
    undone_by: null,
    previous_run: state === "succeeded" ? "r_seed1" : null,
    break_glass: false,
    review: null,
    may: {
      cancel: started && !ended ? yes : no("It has ended; there is nothing left to cancel."),
      withdraw: started ? no("It has been sent already; cancel it instead.") : yes,
      undo:
        state === "succeeded"
          ? yes
          : no("Only a run that succeeded can be undone: this one changed nothing."),
      rerun: ended ? yes : no("It has not ended. Wait for it, or stop it."),
      resolve: yes,
      resume: state === "failed" ? yes : no("There is nothing left to do."),
      choose: state === "needs_attention" ? yes : no("Nobody is asked what becomes of what it did."),
      evidence: state === "succeeded" ? yes : no("Evidence is for those who read the audit."),
    },
    ...change,
  };
}

const TEXTS: Partial<Record<RunState, string>> = {
  running: "follows deploy.yml on acme/shop",
  succeeded: "succeeded in 5 min; 1.1.0 is in production",
  failed: "failed in the job check",
  waiting_approval: "waits for one of group:sre until tomorrow 10:00 UTC; then expires",
  needs_attention: "nobody knows whether the dispatch arrived; a person has to look",
  cancelled: "cancelled by Ana",
};

export const HELD: HeldView = {
  freeze: "year-end",
  title: "Year end",
  owner: "group:sre",
  reason: "Nobody is there to mend it",
  until: "2027-01-02T07:00:00Z",
  note: null,
  text: "the freeze 'Year end' to end on 2 Jan 2027 08:00 Europe/Berlin",
};

export const frozen = (id: string): RunView =>
  run(id, "waiting_window", {
    holds: [HELD],
    waits: {
      kind: "window",
      text: `waits for ${HELD.text}; then goes on by itself`,
      owner: "group:sre",
      next_event: "the freeze ends, or somebody grants an exception",
      until: HELD.until,
      then: "it goes on by itself",
      url: null,
    },
  });

export const exceptionOf = (of: RunView, reason: string): ExceptionView => ({
  id: "fx_1",
  run: of.id,
  action: of.action,
  entity: of.entity,
  freeze: HELD.freeze,
  title: HELD.title,
  owner: HELD.owner,
  state: "asked",
  text: "waits for one of group:sre",
  reason,
  asked_by: of.requester,
  asked_at: of.created_at,
  decided_by: null,
  decided_at: null,
  comment: null,
  until: null,
  void: false,
  may_decide: yes,
  may_revoke: yes,
});

export function approvalOf(asked: RunView, id: string, change: Partial<ApprovalView> = {}): ApprovalView {
  return {
    id,
    run: asked.id,
    action: asked.action,
    action_title: asked.action_title,
    entity: asked.entity,
    requester: asked.requester,
    comment: asked.comment,
    break_glass: asked.break_glass,
    state: "pending",
    text: "waits for one of group:sre",
    needed_from: ["group:sre"],
    count: 1,
    stage: 1,
    stages: 1,
    all_stages: [],
    created_at: asked.created_at,
    expires_at: minutesAgo(-60 * 23),
    decisions: [],
    digest: asked.digest,
    may_decide: yes,
    target: {
      ref: asked.entity ?? "service:shop",
      owner_sealed: "group:storefront",
      owner: "group:storefront",
      problem: null,
    },
    read: [{ field: "entity.properties.repository", before: "acme/shop", after: "acme/shop" }],
    request_differences: [{ field: "ship.inputs.version", before: "1.0.0", after: "1.1.0" }],
    lock: null,
    undo: { why_not: "There was no successful run here before.", inputs: {}, requests: [] },
    sealed: asked.plan,
    inputs: asked.inputs,
    differences: [{ field: "version", before: "1.0.0", after: asked.inputs["version"] ?? null }],
    previous_run: "r_seed1",
    superseded_by: null,
    drift: [],
    who: "one of group:sre",
    self_approval: false,
    edited: "person:pat last changed the action's file (commit 0123456789ab), and does not decide on this.",
    terms: [],
    reason_needed: ["reject"],
    on_call: {},
    reminders: [],
    escalation: null,
    comments: [],
    delegations: [],
    may_take_back: no("You have not decided on this."),
    may_delegate: yes,
    ...change,
  };
}

/** What resuming a failed run would do. */
export const RESUME = {
  version: "d".repeat(64),
  changed: false,
  steps: [
    { step: "build", kind: "dispatch", does: "skip", text: "build is done", answers: [] },
    {
      step: "page",
      kind: "http",
      does: "ask",
      text: "page may have been carried out, and is to be done once",
      answers: ["done", "again"],
    },
    { step: "ship", kind: "dispatch", does: "repeat", text: "ship was carried out and failed", answers: [] },
  ],
  differences: [{ field: "steps[2].pinned.commit", before: "aaaa", after: "bbbb" }],
};
