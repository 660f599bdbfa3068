import type { QueryClient } from "@tanstack/react-query";
import type { RunView } from "../api/types";
import { isMoving } from "../states/states";
import { lookAgain } from "./lookAgain";

/** Some run has changed: lists, schedules, what runs write into the catalog, and runs whose own stream has ended. */
export function runsChanged(queries: QueryClient): void {
  lookAgain(queries, { queryKey: ["runs"] });
  lookAgain(queries, { queryKey: ["entities"] });
  lookAgain(queries, { queryKey: ["schedules"] });
  lookAgain(queries, { queryKey: ["triggers"] });
  lookAgain(queries, { queryKey: ["tasks"] });
  lookAgain(queries, {
    queryKey: ["run"],
    predicate: ({ state }) => state.data !== undefined && !isMoving((state.data as RunView).state),
  });
}

export function approvalsChanged(queries: QueryClient): void {
  lookAgain(queries, { queryKey: ["approvals"] });
}

/** A freeze, or the global stop. */
export function freezesChanged(queries: QueryClient): void {
  lookAgain(queries, { queryKey: ["stop"] });
  lookAgain(queries, { queryKey: ["freezes"] });
}
