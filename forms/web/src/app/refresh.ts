import type { QueryClient } from "@tanstack/react-query";
import type { RunView } from "../api/types";
import { isMoving } from "../states/states";

/** Some run has changed: lists, schedules, what runs write into the catalog, and runs whose own stream has ended. */
export function runsChanged(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ["runs"] });
  void queries.invalidateQueries({ queryKey: ["entities"] });
  void queries.invalidateQueries({ queryKey: ["schedules"] });
  void queries.invalidateQueries({ queryKey: ["triggers"] });
  void queries.invalidateQueries({ queryKey: ["tasks"] });
  void queries.invalidateQueries({
    queryKey: ["run"],
    predicate: ({ state }) => state.data !== undefined && !isMoving((state.data as RunView).state),
  });
}

export function approvalsChanged(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ["approvals"] });
}

/** A freeze, or the global stop. */
export function freezesChanged(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ["stop"] });
  void queries.invalidateQueries({ queryKey: ["freezes"] });
}
