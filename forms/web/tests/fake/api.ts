/** A small API in memory that answers as the real one does. One per test, or one for `npm run dev`. */
import type {
  ApprovalView,
  AuditVerification,
  ChannelView,
  DelegationView,
  ExceptionView,
  FreezeView,
  HoldView,
  Me,
  PipelineChange,
  RunView,
  ScheduleView,
  StopView,
  TaskView,
  UsualView,
  Verdict,
} from "../../src/api/types";
import { plainText } from "../../src/log/line";
import { facets, searched } from "./entities";
import { madeOf, OFFICE_HOURS, YEAR_END } from "./freezes";
import { HOLD, locksOf, watching } from "./locks";
import * as operate from "./operate";
import { FIRINGS, NIGHTLY, paused, PREVIEW } from "./schedules";
import { EVENT, ON_ALERT, REACTIONS } from "./triggers";
import { AUDIT, DELEGATION, HOLDS, ON_CALL, PRINCIPALS, REFUSED, SEAL, SESSIONS, TOKENS } from "./people";
import { linkForm } from "./tasks";
import * as world from "./world";

interface Body {
  name?: string;
  entity?: string | null;
  answers?: Record<string, unknown>;
  inputs?: Record<string, unknown>;
  search?: string;
  kind?: string | null;
  text?: string;
}

type Handler = (asked: Asked) => unknown;
interface Asked {
  parts: string[];
  query: URLSearchParams;
  body: Body;
  header: (name: string) => string | null;
}

class Refused extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
  ) {
    super(detail);
  }
}

export class FakeApi {
  me: Me | null = null;
  provider: { title: string; path: string } | null = null;
  stop: StopView = { stopped: false, reason: null, by: null, at: null, text: "Nothing is stopped." };
  readonly runs = new Map<string, RunView>();
  holds: HoldView[] = [HOLD];
  usual: UsualView = { runs: 10, succeeded: 9, quick_seconds: 190, slow_seconds: 300 };
  channels: ChannelView[] = [
    {
      name: "chat",
      kind: "chat",
      address: "slack://…",
      per_minute: 60,
      last_at: world.minutesAgo(4),
      last_error: null,
    },
    {
      name: "mail",
      kind: "mail",
      address: "mailto://…",
      per_minute: 30,
      last_at: world.minutesAgo(9),
      last_error: "it does not answer",
    },
  ];
  delegations: DelegationView[] = [DELEGATION];
  trigger = ON_ALERT;
  reactions = [...REACTIONS];
  readonly schedules = new Map([[NIGHTLY.id, NIGHTLY]]);
  verification: AuditVerification = HOLDS;
  readonly freezes = new Map([YEAR_END, OFFICE_HOURS].map((one) => [one.id, one]));
  readonly approvals = new Map<string, ApprovalView>();
  readonly tasks = new Map<string, TaskView>();
  readonly pipelineChanges = new Map<string, PipelineChange[]>();
  readonly logs = new Map<string, ReturnType<typeof world.logOf>>();
  readonly seen: { method: string; path: string; body: unknown; key: string | null }[] = [];
  private readonly keys = new Map<string, string>();

  constructor(as: string | null = "ana") {
    this.me = as === null ? null : (world.PEOPLE[as] ?? null);
    this.addRun(world.run("r_running", "running"), world.logOf(false));
    this.addRun(
      world.run("r_failed", "failed", {
        inputs: { version: "1.2.0", environment: "environment:production" },
      }),
      world.logOf(true),
    );
    this.addRun(world.run("r_seed1", "succeeded"), world.logOf(false, 40));
    this.addRun(held());
    this.ask(world.run("r_waiting", "waiting_approval", { waits: WAITS }));
  }

  addRun(run: RunView, log: ReturnType<typeof world.logOf> = []): void {
    this.runs.set(run.id, { ...run, log_lines: log.length });
    this.logs.set(run.id, log);
  }

  ask(run: RunView): void {
    const approval = world.approvalOf(run, `a_${run.id.slice(2)}`);
    this.approvals.set(approval.id, approval);
    this.addRun({ ...run, approvals: [approval] });
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const text = request.method === "GET" ? "" : await request.text();
    const body = text ? JSON.parse(text) : {};
    const path = url.pathname.replace(/^\/api\/v1/, "");
    this.seen.push({ method: request.method, path, body, key: request.headers.get("idempotency-key") });
    try {
      const found = ROUTES.find(([method, pattern]) => method === request.method && pattern.test(path));
      if (!found) throw new Refused(404, "Not found", `There is nothing at ${path}.`);
      if (!this.me && path !== "/session") throw new Refused(401, "Not signed in", "Sign in first.");
      const parts = (found[1].exec(path) ?? []).slice(1).map(decodeURIComponent);
      const asked = {
        parts,
        query: url.searchParams,
        body,
        header: (name: string) => request.headers.get(name),
      };
      const answer = found[2](this)(asked);
      return answer === undefined ? new Response(null, { status: 204 }) : Response.json(answer);
    } catch (cause) {
      return refusal(cause);
    }
  };

  doTask({ parts, body }: Asked): unknown {
    const [id = "", what = ""] = parts;
    const before = found(this.tasks.get(id), "task");
    const me = world.person(this.me?.id ?? "sam");
    const given = body as { to?: string | null };
    const after: Record<string, Partial<TaskView>> = {
      claim: { claimed_by: me.ref, yours: true, may_do: { allowed: true, why_not: null } },
      "hand-over": { claimed_by: given.to ?? null, yours: false },
      complete: { state: "done", text: `done by ${me.name}`, settled_by: me },
      fail: { state: "failed", text: `cannot be done, says ${me.name}`, settled_by: me },
    };
    const task = { ...before, ...after[what] };
    this.tasks.set(id, task);
    return what === "complete" ? { task, repeated: false } : task;
  }

  start({ body, header }: Asked): unknown {
    const key = header("idempotency-key") ?? "";
    const before = this.keys.get(key);
    if (before) return { id: before, state: this.runs.get(before)?.state, repeated: true, url: "" };
    const id = `r_new${this.runs.size}`;
    this.keys.set(key, id);
    const inputs = body.inputs ?? {};
    const production = inputs["environment"] === "environment:production";
    if (production) this.ask(world.run(id, "waiting_approval", { inputs, waits: WAITS }));
    else this.addRun(world.run(id, "running", { inputs }), world.logOf(false));
    return { id, state: production ? "waiting_approval" : "running", repeated: false, url: "" };
  }

  again(asked: Asked): unknown {
    const before = found(this.runs.get(asked.parts[0] ?? ""), "run");
    return this.start({ ...asked, body: { inputs: before.inputs } });
  }

  toTrigger({ parts, body }: Asked): unknown {
    const [id = "", what] = parts;
    const { reason, event } = body as { reason?: string; event?: string };
    if (what === "replay") {
      const before = found(
        this.reactions.find((one) => one.event === event),
        "event",
      );
      const now = {
        ...before,
        turn: this.reactions.length,
        text: `shown to ${id} again`,
        run: null,
        run_state: null,
      };
      this.reactions = [now, ...this.reactions];
      return { begins: 1, caused: this.reactions };
    }
    const text = `paused since 12:00 UTC: ${reason}`;
    this.trigger =
      what === "pause" ? { ...ON_ALERT, state: "paused", text, paused_why: reason ?? null } : ON_ALERT;
    return this.trigger;
  }

  makeSchedule({ body }: Asked): unknown {
    const made = body as Partial<ScheduleView>;
    const id = `sc_${this.schedules.size}`;
    this.schedules.set(id, { ...NIGHTLY, ...made, id });
    return this.schedules.get(id);
  }

  toSchedule(asked: Asked): unknown {
    const [id = "", what] = asked.parts;
    if (what === "run") return this.start(asked);
    const before = found(this.schedules.get(id), "schedule");
    const why = String((asked.body as { reason?: string }).reason);
    this.schedules.set(id, what === "pause" ? paused(before, why) : NIGHTLY);
    return this.schedules.get(id);
  }

  askException({ parts, body }: Asked): unknown {
    const run = found(this.runs.get(parts[0] ?? ""), "run");
    const asked = world.exceptionOf(run, String((body as { reason?: string }).reason));
    this.runs.set(run.id, { ...run, exceptions: [asked] });
    return asked;
  }

  decideException({ parts, body }: Asked): unknown {
    for (const run of this.runs.values()) {
      const [asked] = run.exceptions ?? [];
      if (asked?.id !== parts[0]) continue;
      const state = (body as { verdict?: string }).verdict === "grant" ? "granted" : "refused";
      const decided = {
        ...asked,
        state,
        text: `${state} by Sam`,
        may_decide: { allowed: false, why_not: "" },
      };
      this.runs.set(run.id, { ...run, exceptions: [decided as ExceptionView] });
      return decided;
    }
    throw new Refused(404, "Not found", "There is no such exception.");
  }

  decide(id: string, asked: { verdict: Verdict; digest: string; comment: string }): unknown {
    const approval = found(this.approvals.get(id), "approval");
    if (asked.digest !== approval.digest || approval.state !== "pending") {
      throw new Refused(
        409,
        "Changed meanwhile",
        "This approval is not what you were shown any more. Nothing was recorded.",
      );
    }
    const state = asked.verdict === "approve" ? ("approved" as const) : ("rejected" as const);
    const by = world.person(this.me?.id ?? "sam");
    const decision = { by, verdict: asked.verdict, comment: asked.comment, at: new Date().toISOString() };
    const decided = { ...approval, state, text: `${state} by ${by.name}`, decisions: [decision] };
    this.approvals.set(id, decided);
    this.addRun(
      { ...world.run(approval.run, state === "approved" ? "running" : "rejected"), approvals: [decided] },
      world.logOf(false),
    );
    return { approval: decided, repeated: false };
  }

  halt(reason: string | null): StopView {
    const by = world.person(this.me?.id ?? "sam");
    const at = new Date().toISOString();
    this.stop =
      reason === null
        ? { stopped: false, reason: null, by: null, at: null, text: "Nothing is stopped." }
        : { stopped: true, reason, by, at, text: `${by.name} has stopped everything: ${reason}.` };
    return this.stop;
  }

  locks() {
    const all = locksOf(this.runs, this.holds);
    return this.me?.permissions.includes("locks.force") ? all : all.map(watching);
  }

  permitted(approval: ApprovalView): ApprovalView {
    if (this.me?.groups.includes("group:sre")) return approval;
    const own = approval.requester.id === this.me?.id;
    const why = own
      ? "You asked for this yourself; somebody else of group:sre has to decide, for example Sam."
      : "Only members of group:sre decide this, for example Sam.";
    return { ...approval, may_decide: world.no(why) };
  }
}

const WAITS: RunView["waits"] = {
  kind: "approval",
  text: "Waits for one of group:sre",
  owner: "group:sre",
  next_event: "a decision",
  until: world.minutesAgo(-60 * 23),
  then: "it expires; nothing will have been sent",
};

function held(): RunView {
  const run = world.run("r_held", "needs_attention", {
    waits: {
      kind: "person",
      text: "Waits for a person who looks into the CI system",
      owner: "group:sre",
      next_event: "what somebody found",
      until: null,
      then: null,
    },
  });
  const [step] = run.steps;
  const attempt = step?.attempts[0];
  if (!step || !attempt) throw new Error("the example run has one attempt");
  const note =
    "GitHub's answer was lost after the request had been sent, and it lists no run with this marker.";
  return {
    ...run,
    steps: [
      { ...step, state: "held", jobs: [], attempts: [{ ...attempt, state: "held", external: null, note }] },
    ],
  };
}

function found<Thing>(thing: Thing | undefined, what: string): Thing {
  if (thing === undefined)
    throw new Refused(404, "Not found", `There is no such ${what}, or you may not see it.`);
  return thing;
}

function refusal(cause: unknown): Response {
  if (!(cause instanceof Refused)) throw cause;
  const { status, title, message } = cause;
  const problem = { type: "about:blank", title, status, detail: message, request_id: "q_7f3a9c", errors: [] };
  return Response.json(problem, { status, headers: { "x-request-id": "q_7f3a9c" } });
}

const page = <Item>(items: Item[]) => ({ items, next_cursor: null });
const newest = (runs: Iterable<RunView>) => [...runs].reverse();

const ENVIRONMENT = {
  type: "object",
  required: ["tier"],
  properties: {
    tier: { type: "string", title: "Tier", enum: ["test", "live"], description: "Who feels it." },
    url: { type: "string", title: "Front door", format: "uri" },
    nodes: { type: "integer", minimum: 1, maximum: 4 },
    tags: { type: "array", items: { type: "string", pattern: "^[a-z]+$" } },
  },
};

const SCHEMAS: Record<string, object> = {
  environment: ENVIRONMENT,
  deployment: {
    type: "object",
    required: ["version"],
    properties: { version: { type: "string", title: "Version" }, run: { type: "string" } },
  },
};

const RELATIONS: Record<string, object> = {
  service: { dependsOn: { kind: "service", many: true } },
  deployment: {
    service: { kind: "service", many: false },
    environment: { kind: "environment", many: false },
  },
};

const ROUTES: readonly (readonly [string, RegExp, (api: FakeApi) => Handler])[] = [
  ["GET", /^\/me$/, (api) => () => api.me],
  ["GET", /^\/stop$/, (api) => () => api.stop],
  [
    "POST",
    /^\/stop$/,
    (api) =>
      ({ body }) =>
        api.halt((body as { reason: string }).reason),
  ],
  ["DELETE", /^\/stop$/, (api) => () => api.halt(null)],
  [
    "GET",
    /^\/audit$/,
    () =>
      ({ query }) =>
        page(AUDIT.filter((one) => !query.get("action") || one.action === query.get("action"))),
  ],
  ["GET", /^\/audit\/seal$/, () => () => SEAL],
  ["POST", /^\/audit\/verify$/, (api) => () => api.verification],
  [
    "GET",
    /^\/on-call$/,
    () =>
      ({ query }) =>
        page(ON_CALL.filter((one) => !query.get("entity") || one.entity === query.get("entity"))),
  ],
  ["GET", /^\/sessions$/, () => () => page(SESSIONS)],
  ["GET", /^\/principals$/, () => () => page(PRINCIPALS)],
  ["DELETE", /^\/principals\/([^/]+)\/access$/, () => () => ({ sessions: 1, tokens: 2, delegations: 1 })],
  ["GET", /^\/delegations$/, (api) => () => page(api.delegations)],
  [
    "POST",
    /^\/delegations$/,
    (api) =>
      ({ body }) => {
        const made = {
          ...DELEGATION,
          ...(body as object),
          id: "d_2",
          by: world.person(api.me?.id ?? "sam"),
          ends_at: (body as { until: string }).until,
        };
        api.delegations = [made, ...api.delegations];
        return made;
      },
  ],
  [
    "DELETE",
    /^\/delegations\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        void (api.delegations = api.delegations.filter((one) => one.id !== parts[0])),
  ],
  ["GET", /^\/triggers$/, (api) => () => page([api.trigger])],
  ["GET", /^\/triggers\/([^/]+)\/reactions$/, (api) => () => page(api.reactions)],
  ["GET", /^\/triggers\/([^/]+)$/, (api) => () => api.trigger],
  ["POST", /^\/triggers\/([^/]+)\/(pause|resume|replay)$/, (api) => (asked) => api.toTrigger(asked)],
  ["GET", /^\/event-log$/, () => () => page([EVENT])],
  ["GET", /^\/event-log\/([^/]+)$/, () => () => EVENT],
  ["GET", /^\/schedules$/, (api) => () => page([...api.schedules.values()])],
  ["POST", /^\/schedules$/, (api) => (asked) => api.makeSchedule(asked)],
  ["POST", /^\/schedules\/preview$/, () => () => PREVIEW],
  ["GET", /^\/schedules\/([^/]+)\/firings$/, () => () => page([...FIRINGS])],
  ["POST", /^\/schedules\/([^/]+)\/(pause|resume|run)$/, (api) => (asked) => api.toSchedule(asked)],
  [
    "GET",
    /^\/schedules\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        found(api.schedules.get(parts[0] ?? ""), "schedule"),
  ],
  ["GET", /^\/tasks$/, (api) => () => page([...api.tasks.values()])],
  [
    "GET",
    /^\/tasks\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        found(api.tasks.get(parts[0] ?? ""), "task"),
  ],
  [
    "POST",
    /^\/tasks\/[^/]+\/form$/,
    () =>
      ({ body }) =>
        linkForm(body.answers ?? {}),
  ],
  ["POST", /^\/tasks\/([^/]+)\/(claim|hand-over|complete|fail)$/, (api) => (asked) => api.doTask(asked)],
  ["GET", /^\/freezes$/, (api) => () => page([...api.freezes.values()])],
  [
    "POST",
    /^\/freezes$/,
    (api) =>
      ({ body }) => {
        const id = `fz_${api.freezes.size - 1}`;
        api.freezes.set(id, madeOf(id, body as Partial<FreezeView>, api.me?.id ?? "sam"));
        return api.freezes.get(id);
      },
  ],
  [
    "GET",
    /^\/freezes\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        found(api.freezes.get(parts[0] ?? ""), "freeze"),
  ],
  [
    "DELETE",
    /^\/freezes\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        void api.freezes.delete(parts[0] ?? ""),
  ],
  [
    "GET",
    /^\/exceptions$/,
    (api) => () => ({
      items: [...api.runs.values()].flatMap((run) => run.exceptions ?? []),
      next_cursor: null,
    }),
  ],
  ["POST", /^\/runs\/([^/]+)\/exceptions$/, (api) => (asked) => api.askException(asked)],
  ["POST", /^\/exceptions\/([^/]+)\/decision$/, (api) => (asked) => api.decideException(asked)],
  [
    "GET",
    /^\/session$/,
    (api) => () => ({
      provider: api.provider,
      choices: [
        { name: "ana", title: "Ana", about: "Developer, looks after the shop" },
        { name: "sam", title: "Sam", about: "SRE, approves what goes to production" },
      ],
    }),
  ],
  [
    "POST",
    /^\/session$/,
    (api) =>
      ({ body }) =>
        (api.me = world.PEOPLE[body.name ?? ""] ?? null),
  ],
  ["DELETE", /^\/session$/, (api) => () => void (api.me = null)],
  ["DELETE", /^\/sessions$/, (api) => () => ((api.me = null), { sessions: 2, tokens: 0, delegations: 0 })],
  ["GET", /^\/tokens$/, () => () => page(TOKENS.slice(0, 1))],
  ["GET", /^\/tokens\/everybody$/, () => () => page(TOKENS)],
  ["DELETE", /^\/tokens\/([^/]+)$/, () => () => undefined],
  [
    "GET",
    /^\/actions$/,
    () =>
      ({ query }) =>
        page((query.get("entity") ?? "service:").startsWith("service:") ? world.ACTIONS : []),
  ],
  [
    "GET",
    /^\/actions\/([^/]+)$/,
    () =>
      ({ parts }) =>
        found(
          world.ACTIONS.find((one) => one.name === parts[0]),
          "action",
        ),
  ],
  ["GET", /^\/actions\/[^/]+\/usual$/, (api) => () => api.usual],
  ["GET", /^\/channels$/, (api) => () => page(api.channels)],
  [
    "POST",
    /^\/channels\/([^/]+)\/test$/,
    () =>
      ({ parts }) =>
        parts[0] === "chat" ? { taken: true, why: null } : { taken: false, why: "it does not answer" },
  ],
  [
    "POST",
    /^\/actions\/([^/]+)\/form$/,
    () =>
      ({ parts, body }) =>
        world.resolveForm(parts[0] ?? "", body.entity ?? null, body.answers ?? {}),
  ],
  [
    "POST",
    /^\/actions\/[^/]+\/options\/([^/]+)$/,
    () =>
      ({ body }) => ({ options: world.versionOptions(body.search ?? ""), next_cursor: null }),
  ],
  [
    "POST",
    /^\/actions\/([^/]+)\/plan$/,
    () =>
      ({ body }) =>
        plan(body.inputs ?? {}),
  ],
  ["POST", /^\/actions\/([^/]+)\/runs$/, (api) => (asked) => api.start(asked)],
  [
    "GET",
    /^\/kinds$/,
    () => () =>
      page(
        [...new Set([...world.ENTITIES.values()].map((one) => one.kind))].map((name) => ({
          name,
          title: name.charAt(0).toUpperCase() + name.slice(1),
          property_schema: SCHEMAS[name] ?? {},
          relations: RELATIONS[name] ?? {},
        })),
      ),
  ],
  [
    "POST",
    /^\/entities\/search$/,
    () =>
      ({ body }) =>
        page(searched(world.ENTITIES.values(), body)),
  ],
  [
    "POST",
    /^\/entities\/facets$/,
    () =>
      ({ body }) =>
        facets([...world.ENTITIES.values()], body),
  ],
  [
    "GET",
    /^\/entities\/([^/]+)\/([^/]+)$/,
    () =>
      ({ parts }) =>
        found(world.ENTITIES.get(parts.join(":")), "entity"),
  ],
  [
    "GET",
    /^\/entities\/([^/]+)\/([^/]+)\/history$/,
    () =>
      ({ parts }) =>
        page(
          parts[0] === "deployment"
            ? [
                {
                  at: world.minutesAgo(95),
                  by: "run:r_seed1",
                  version: 2,
                  before: { properties: { version: "1.0.0" } },
                  after: { properties: { version: "1.1.0" } },
                },
              ]
            : [],
        ),
  ],
  [
    "GET",
    /^\/runs$/,
    (api) =>
      ({ query }) =>
        page(
          newest(api.runs.values()).filter(
            (run) =>
              (!query.get("state") || run.state === query.get("state")) &&
              (!query.get("entity") || run.entity === query.get("entity")) &&
              (query.get("mine") !== "true" || run.requester.id === api.me?.id) &&
              (!query.get("requester") || run.requester.ref === query.get("requester")) &&
              (!query.get("since") || run.created_at >= String(query.get("since"))) &&
              (!query.get("until") || run.created_at < String(query.get("until"))),
          ),
        ),
  ],
  [
    "GET",
    /^\/runs\/statistics$/,
    (api) =>
      ({ query }) =>
        operate.statistics(api.runs.values(), query),
  ],
  [
    "GET",
    /^\/runs\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        found(api.runs.get(parts[0] ?? ""), "run"),
  ],
  [
    "GET",
    /^\/runs\/([^/]+)\/logs$/,
    (api) =>
      ({ parts, query }) => {
        const all = api.logs.get(parts[0] ?? "") ?? [];
        const [step, job, grep] = ["step", "job", "grep"].map((name) => query.get(name));
        const fits = all.filter(
          (line) =>
            line.number > Number(query.get("after")) &&
            (!step || line.step === step) &&
            (!job || line.job === job) &&
            (!grep || plainText(line.text).toLowerCase().includes(grep.toLowerCase())),
        );
        const limit = Number(query.get("limit") ?? 1000);
        const lines = fits.slice(0, limit);
        const last = lines.at(-1)?.number ?? Number(query.get("after"));
        return { lines, next: grep && lines.length < limit ? all.length : last };
      },
  ],
  [
    "POST",
    /^\/runs\/([^/]+)\/(cancel|withdraw|resolve|undoing)$/,
    (api) =>
      ({ parts }) => {
        const run = found(api.runs.get(parts[0] ?? ""), "run");
        const ended = { ...world.run(run.id, "cancelled"), text: `${parts[1]} was asked for` };
        api.addRun(ended, api.logs.get(run.id));
        return ended;
      },
  ],
  [
    "POST",
    /^\/runs\/([^/]+)\/gates\/([^/]+)$/,
    (api) =>
      ({ parts }) => {
        const run = { ...found(api.runs.get(parts[0] ?? ""), "run"), gates: [] };
        api.addRun(run, api.logs.get(run.id));
        return run;
      },
  ],
  [
    "GET",
    /^\/locks$/,
    (api) =>
      ({ query }) =>
        page(
          api
            .locks()
            .filter(
              (lock) =>
                lock.key.includes(query.get("q") ?? "") &&
                (!query.get("entity") || lock.holder?.entity === query.get("entity")) &&
                (query.get("waiting") !== "true" || lock.waiting > 0) &&
                (query.get("held") !== "true" || lock.hold !== null),
            ),
        ),
  ],
  [
    "GET",
    /^\/locks\/detail$/,
    (api) =>
      ({ query }) =>
        found(
          api.locks().find((lock) => lock.key === query.get("key")),
          "lock",
        ),
  ],
  [
    "POST",
    /^\/locks\/holds$/,
    (api) =>
      ({ body }) => {
        const { key, reason } = body as { key: string; reason: string };
        const hold = { ...HOLD, id: "h_2", key, reason, by: world.person(api.me?.id ?? "sam"), until: null };
        api.holds = [...api.holds, hold];
        return hold;
      },
  ],
  [
    "DELETE",
    /^\/locks\/holds\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        void (api.holds = api.holds.filter((hold) => hold.id !== parts[0])),
  ],
  [
    "POST",
    /^\/locks\/release$/,
    (api) =>
      ({ body }) => {
        const { key, fence } = body as unknown as { key: string; fence: number };
        const lock = found(
          api.locks().find((one) => one.key === key),
          "lock",
        );
        if (lock.fence !== fence)
          throw new Refused(409, "Changed meanwhile", "Somebody else has it by now. Nothing was changed.");
        api.runs.delete(lock.holder_run ?? "");
        return lock;
      },
  ],
  ["GET", /^\/connections$/, () => () => page(world.CONNECTIONS)],
  [
    "GET",
    /^\/connections\/([^/]+)\/webhooks$/,
    () => () =>
      page([
        {
          delivery: "d1",
          event: "workflow_run.completed",
          external_run: "77",
          run: "r_running",
          received_at: world.minutesAgo(1),
          consumed_at: null,
        },
      ]),
  ],
  ["GET", /^\/connections\/([^/]+)\/webhooks\/refused$/, () => () => page(REFUSED)],
  ["POST", /^\/runs\/([^/]+)\/rerun$/, (api) => (asked) => api.again(asked)],
  ["GET", /^\/runs\/([^/]+)\/resume$/, () => () => world.RESUME],
  ["POST", /^\/runs\/([^/]+)\/resume$/, (api) => (asked) => api.again(asked)],
  [
    "POST",
    /^\/runs\/([^/]+)\/undo$/,
    (api) => (asked) =>
      api.start({
        ...asked,
        body: { inputs: { version: "1.0.0", environment: "environment:production" } } as never,
      }),
  ],
  [
    "GET",
    /^\/approvals$/,
    (api) =>
      ({ query }) =>
        page(
          [...api.approvals.values()]
            .map((one) => api.permitted(one))
            .filter(
              (one) =>
                (query.get("mine") !== "true" || one.may_decide.allowed) &&
                (!query.get("state") || one.state === query.get("state")) &&
                (query.get("decided") !== "true" || one.state !== "pending") &&
                (!query.get("action") || one.action === query.get("action")) &&
                (!query.get("entity") || one.entity === query.get("entity")) &&
                (!query.get("requester") || one.requester.ref === query.get("requester")),
            ),
        ),
  ],
  [
    "GET",
    /^\/approvals\/([^/]+)\/pipelines$/,
    (api) =>
      ({ parts }) => ({ items: api.pipelineChanges.get(parts[0] ?? "") ?? [] }),
  ],
  [
    "GET",
    /^\/approvals\/([^/]+)$/,
    (api) =>
      ({ parts }) =>
        api.permitted(found(api.approvals.get(parts[0] ?? ""), "approval")),
  ],
  [
    "POST",
    /^\/approvals\/([^/]+)\/form$/,
    () =>
      ({ body }) => ({
        action: "deploy",
        version: "d1",
        entity: "service:shop",
        pages: [
          {
            title: "Change",
            form_schema: {
              type: "object",
              properties: {
                ticket: { type: "string", title: "Change ticket" },
                batch: { type: "integer", title: "Batch" },
              },
              required: ["ticket"],
            },
            ui: {},
          },
        ],
        data: body.answers ?? {},
        errors: [],
        warnings: [],
      }),
  ],
  [
    "POST",
    /^\/approvals\/([^/]+)\/decision$/,
    (api) =>
      ({ parts, body }) =>
        api.decide(parts[0] ?? "", body as never),
  ],
];

function plan(inputs: Record<string, unknown>): unknown {
  const document = world.planDocument("r_planned", "ana", inputs);
  const production = inputs["environment"] === "environment:production";
  const [step] = document.steps;
  return {
    digest: world.sha(document),
    document,
    requests: [
      {
        step: "ship",
        connection: "github",
        backend: "github",
        project: "acme/shop",
        pipeline: "deploy.yml",
        ref: "main",
        commit: step?.pinned.commit,
        inputs: step?.inputs,
        packing: null,
      },
    ],
    approvals: production
      ? [{ needed_from: ["group:sre"], count: 1, expires_in: 86_400, who: "one of group:sre", terms: [] }]
      : [],
    lock: {
      key: document.lock,
      keys: [
        {
          ...world.KEY,
          key: document.lock,
          held: production,
          held_by_run: production ? "r_running" : null,
          text: production ? "held by run r_running" : "free",
        },
      ],
      queue: "fifo",
      held: production,
      held_by_run: production ? "r_running" : null,
      queued: 0,
      expected_at: null,
    },
    changes: document.catalog.map(({ kind, name, ...after }) => ({
      entity: `${kind}:${name}`,
      before: { properties: { version: "1.0.0", run: "r_seed1" } },
      after: { properties: after.properties },
    })),
    previous_run: "r_seed1",
    differences: [{ field: "version", before: "1.0.0", after: inputs["version"] ?? null }],
    starts: production
      ? "when one of group:sre has approved it and run r_running has released the lock"
      : "at once",
    undoable: true,
  };
}
