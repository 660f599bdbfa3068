/** What the page reads, each with its key. Keys begin with the resource, so that a hint can say "look again". */
import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";
import { speaksAs, take, type Api } from "./client";
import type { ApprovalState, Me, RunState, TaskState } from "./types";

export interface RunFilter {
  action?: string | undefined;
  entity?: string | undefined;
  state?: RunState | undefined;
  requester?: string | undefined;
  mine?: boolean | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

export interface ApprovalFilter {
  mine?: boolean;
  state?: ApprovalState;
  decided?: boolean;
  action?: string | undefined;
  entity?: string | undefined;
  requester?: string | undefined;
}

const firstPage = null as string | null;

const ME = ["me"];

/** Somebody else than before is signed in when a window of the same browser was used to: nothing of theirs stays. */
export const meQuery = (api: Api) =>
  queryOptions({
    queryKey: ME,
    queryFn: async ({ signal, client }) => {
      const me = await take(api.GET("/api/v1/me", { signal }));
      const before = client.getQueryData<Me>(ME);
      if (before && before.id !== me.id) forgetAllElse(client);
      speaksAs(api, me.id);
      return me;
    },
  });

/** Not `clear`: whoever watches "me" would go on watching what is gone, and never hear of the next. */
export function forgetAllElse(queries: QueryClient): void {
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== ME[0] });
}

export const signInQuery = (api: Api) =>
  queryOptions({
    queryKey: ["session"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/session", { signal })),
  });

export const actionsQuery = (api: Api, filter: { entity?: string | undefined } = {}) =>
  queryOptions({
    queryKey: ["actions", filter],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/actions", { params: { query: { entity: filter.entity ?? null } }, signal })),
  });

export const actionQuery = (api: Api, name: string, entity: string | null) =>
  queryOptions({
    queryKey: ["actions", "one", name, entity],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/actions/{name}", { params: { path: { name }, query: { entity } }, signal })),
  });

/** How its latest runs went. Old by a minute it is as true. */
export const usualQuery = (api: Api, name: string) =>
  queryOptions({
    queryKey: ["actions", "usual", name],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/actions/{name}/usual", { params: { path: { name } }, signal })),
    staleTime: 60_000,
    retry: false,
  });

export const channelsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["channels"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/channels", { signal })),
  });

export const kindsQuery = (api: Api) =>
  queryOptions({ queryKey: ["kinds"], queryFn: ({ signal }) => take(api.GET("/api/v1/kinds", { signal })) });

export interface EntityFilter {
  kind: string | null;
  owner?: string | null;
  text?: string;
  /** Words and conditions in one line. */
  query?: string;
}

const searched = (asked: EntityFilter) => ({
  kind: asked.kind,
  owner: asked.owner ?? null,
  text: asked.text ?? "",
  query: asked.query ?? "",
});

export const entitiesQuery = (api: Api, asked: EntityFilter) =>
  infiniteQueryOptions({
    queryKey: ["entities", "search", asked],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.POST("/api/v1/entities/search", {
          body: { ...searched(asked), cursor: pageParam, limit: 50 },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: (before) => before,
  });

export const facetsQuery = (api: Api, asked: EntityFilter) =>
  queryOptions({
    queryKey: ["entities", "facets", asked],
    queryFn: ({ signal }) => take(api.POST("/api/v1/entities/facets", { body: searched(asked), signal })),
    placeholderData: (before) => before,
    retry: false,
  });

export const entityQuery = (api: Api, ref: string) => {
  const [kind = "", name = ""] = splitRef(ref);
  return queryOptions({
    queryKey: ["entities", "one", ref],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/entities/{kind}/{name}", { params: { path: { kind, name } }, signal })),
  });
};

export const historyQuery = (api: Api, kind: string, name: string) =>
  infiniteQueryOptions({
    queryKey: ["entities", "history", kind, name],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/entities/{kind}/{name}/history", {
          params: { path: { kind, name }, query: { cursor: pageParam, limit: 20 } },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });

export const runsQuery = (api: Api, filter: RunFilter, limit = 50) =>
  infiniteQueryOptions({
    queryKey: ["runs", "list", filter, limit],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/runs", {
          params: {
            query: {
              ...asAsked(filter),
              cursor: pageParam,
              limit,
            },
          },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: (before) => before,
  });

/** The latest runs of the asker: what they did lately. */
export const myRunsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["runs", "mine"],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/runs", { params: { query: { mine: true, limit: 50 } }, signal })),
  });

const asAsked = (filter: RunFilter) => ({
  action: filter.action ?? null,
  entity: filter.entity ?? null,
  state: filter.state ?? null,
  requester: filter.requester ?? null,
  mine: filter.mine ?? false,
  since: filter.since ?? null,
  until: filter.until ?? null,
});

export const statisticsQuery = (api: Api, filter: RunFilter, zone: string) =>
  queryOptions({
    queryKey: ["runs", "statistics", filter, zone],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/runs/statistics", { params: { query: { ...asAsked(filter), zone } }, signal })),
    placeholderData: (before) => before,
  });

export const runQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => take(api.GET("/api/v1/runs/{run}", { params: { path: { run: id } }, signal })),
  });

export const approvalsQuery = (api: Api, filter: ApprovalFilter) =>
  infiniteQueryOptions({
    queryKey: ["approvals", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/approvals", {
          params: {
            query: {
              mine: filter.mine ?? false,
              state: filter.state ?? null,
              decided: filter.decided ?? false,
              action: filter.action ?? null,
              entity: filter.entity ?? null,
              requester: filter.requester ?? null,
              cursor: pageParam,
            },
          },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: (before) => before,
  });

export const approvalQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["approvals", "one", id],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/approvals/{approval}", { params: { path: { approval: id } }, signal })),
  });

export const tasksQuery = (api: Api, filter: { mine?: boolean; state?: TaskState }) =>
  infiniteQueryOptions({
    queryKey: ["tasks", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/tasks", {
          params: { query: { mine: filter.mine ?? false, state: filter.state ?? null, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: (before) => before,
  });

export const taskQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["tasks", "one", id],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/tasks/{task}", { params: { path: { task: id } }, signal })),
  });

export const reviewsQuery = (api: Api) =>
  infiniteQueryOptions({
    queryKey: ["reviews", "open"],
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/api/v1/reviews", { params: { query: { closed: false, cursor: pageParam } }, signal })),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });

/** The CI systems are asked for it, so it is a question of its own, and nothing else waits for its answer. */
export const pipelinesQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["approvals", "pipelines", id],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/approvals/{approval}/pipelines", { params: { path: { approval: id } }, signal })),
    staleTime: 60_000,
    meta: { elsewhere: true },
  });

export const exceptionsQuery = (api: Api) =>
  infiniteQueryOptions({
    queryKey: ["approvals", "exceptions"],
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/api/v1/exceptions", { params: { query: { cursor: pageParam } }, signal })),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });

export const stopQuery = (api: Api) =>
  queryOptions({
    queryKey: ["stop"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/stop", { signal })),
    refetchInterval: 15_000, // a page without live updates learns of it, too
  });

/** With the windows of a stretch of time, or as they are now. */
export const freezesQuery = (api: Api, asked: { from: string; until: string } | null) =>
  queryOptions({
    queryKey: ["freezes", "list", asked],
    queryFn: ({ signal }) => take(api.GET("/api/v1/freezes", { params: { query: asked ?? {} }, signal })),
    placeholderData: (before) => before,
  });

export const freezeQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["freezes", "one", id],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/freezes/{freeze}", { params: { path: { freeze: id } }, signal })),
  });

export const schedulesQuery = (api: Api, filter: { action?: string | undefined } = {}) =>
  infiniteQueryOptions({
    queryKey: ["schedules", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/schedules", {
          params: { query: { action: filter.action ?? null, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: 30_000, // no hint tells of a time that was left out
  });

export const scheduleQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["schedules", "one", id],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/schedules/{schedule}", { params: { path: { schedule: id } }, signal })),
    refetchInterval: 30_000,
  });

export const firingsQuery = (api: Api, id: string) =>
  infiniteQueryOptions({
    queryKey: ["schedules", "firings", id],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/schedules/{schedule}/firings", {
          params: { path: { schedule: id }, query: { cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: 30_000,
  });

export interface TimeAsked {
  cron: string | null;
  at: string | null;
  timezone: string;
}

/** When something would be due. */
export const previewQuery = (api: Api, asked: TimeAsked | null) =>
  queryOptions({
    queryKey: ["preview", asked],
    queryFn: ({ signal }) =>
      take(api.POST("/api/v1/schedules/preview", { body: asked ?? { timezone: "" }, signal })),
    retry: false,
    staleTime: 60_000,
  });

export const triggersQuery = (api: Api) =>
  queryOptions({
    queryKey: ["triggers", "list"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/triggers", { signal })),
  });

export const triggerQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["triggers", "one", id],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/triggers/{trigger}", { params: { path: { trigger: id } }, signal })),
  });

export const reactionsQuery = (api: Api, id: string) =>
  infiniteQueryOptions({
    queryKey: ["triggers", "reactions", id],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/triggers/{trigger}/reactions", {
          params: { path: { trigger: id }, query: { cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: 30_000, // no hint tells of what was left out
  });

export const eventsQuery = (api: Api) =>
  infiniteQueryOptions({
    queryKey: ["triggers", "events"],
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/api/v1/event-log", { params: { query: { cursor: pageParam } }, signal })),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: 30_000,
  });

export const eventQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["triggers", "event", id],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/event-log/{event}", { params: { path: { event: id } }, signal })),
  });

export interface LockFilter {
  q?: string | undefined;
  run?: string | undefined;
  entity?: string | undefined;
  waiting?: boolean;
  held?: boolean;
}

export const locksQuery = (api: Api, filter: LockFilter) =>
  infiniteQueryOptions({
    queryKey: ["locks", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/locks", {
          params: {
            query: {
              q: filter.q ?? null,
              run: filter.run ?? null,
              entity: filter.entity ?? null,
              waiting: filter.waiting ?? false,
              held: filter.held ?? false,
              cursor: pageParam,
            },
          },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: (before) => before,
    refetchInterval: 10_000, // no hint tells of a hold
  });

export const lockQuery = (api: Api, key: string) =>
  queryOptions({
    queryKey: ["locks", "one", key],
    queryFn: ({ signal }) => take(api.GET("/api/v1/locks/detail", { params: { query: { key } }, signal })),
    refetchInterval: 10_000,
  });

export const connectionsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["connections"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/connections", { signal })),
  });

export const webhooksQuery = (api: Api, name: string) =>
  infiniteQueryOptions({
    queryKey: ["connections", "webhooks", name],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/connections/{name}/webhooks", {
          params: { path: { name }, query: { cursor: pageParam, limit: 20 } },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });

export const refusedWebhooksQuery = (api: Api, name: string) =>
  queryOptions({
    queryKey: ["connections", "refused", name],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/connections/{name}/webhooks/refused", { params: { path: { name } }, signal })),
  });

export const tokensQuery = (api: Api) =>
  queryOptions({
    queryKey: ["tokens"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/tokens", { signal })),
  });

export const everybodysTokensQuery = (api: Api) =>
  infiniteQueryOptions({
    queryKey: ["tokens", "everybody"],
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/api/v1/tokens/everybody", { params: { query: { cursor: pageParam } }, signal })),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });

export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  run?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

export const auditQuery = (api: Api, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/audit", {
          params: {
            query: {
              actor: filter.actor ?? null,
              action: filter.action ?? null,
              subject: filter.subject ?? null,
              run: filter.run ?? null,
              since: filter.since ?? null,
              until: filter.until ?? null,
              cursor: pageParam,
            },
          },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: (before) => before,
  });

export const sealQuery = (api: Api) =>
  queryOptions({
    queryKey: ["audit", "seal"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/audit/seal", { signal })),
  });

/** Who is on call where actions look it up; of one entity, or wherever somebody is named. */
export const onCallQuery = (api: Api, entity: string | null) =>
  queryOptions({
    queryKey: ["entities", "on-call", entity],
    queryFn: ({ signal }) => take(api.GET("/api/v1/on-call", { params: { query: { entity } }, signal })),
  });

export const sessionsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/sessions", { signal })),
  });

export const delegationsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["delegations"],
    queryFn: ({ signal }) => take(api.GET("/api/v1/delegations", { signal })),
  });

export const principalsQuery = (api: Api, q: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["principals", q ?? ""],
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/api/v1/principals", { params: { query: { q: q ?? null, cursor: pageParam } }, signal })),
    initialPageParam: firstPage,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: (before) => before,
  });

/** `service:shop` → its kind and its name. Names may contain a colon, kinds may not. */
export function splitRef(ref: string): [kind: string, name: string] {
  const at = ref.indexOf(":");
  return at < 0 ? ["", ref] : [ref.slice(0, at), ref.slice(at + 1)];
}

/** Where an entity's page is. */
export function entityPath(ref: string): string {
  const [kind, name] = splitRef(ref);
  return `/entities/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`;
}
