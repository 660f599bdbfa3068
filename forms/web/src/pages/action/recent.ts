import type { ActionSummary, RunSummary } from "../../api/types";

export interface Recent {
  action: ActionSummary;
  entity: string | null;
  at: string;
}

const MOST = 6;

/**
 * What somebody asked for last, newest first, each action on each entity once. Read from their own runs: nothing is
 * recorded for it that is not recorded anyway.
 */
export function recentOf(
  runs: readonly RunSummary[],
  actions: readonly ActionSummary[],
  entity: string | undefined,
): Recent[] {
  const offered = new Map(actions.map((action) => [action.name, action]));
  const found = new Map<string, Recent>();
  for (const run of runs) {
    const action = offered.get(run.action);
    const key = `${run.action} ${run.entity ?? ""}`;
    if (!action?.may_run.allowed || found.has(key) || (entity && run.entity !== entity)) continue;
    found.set(key, { action, entity: run.entity, at: run.created_at });
    if (found.size === MOST) break;
  }
  return [...found.values()];
}
