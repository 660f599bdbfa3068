import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "../api/context";
import { approvalsQuery, tasksQuery } from "../api/queries";

/** How many approvals and tasks wait for the reader (of the first page: beyond that a number says nothing more). */
export function useWaiting(): { approvals: number; tasks: number } {
  const api = useApi();
  const approvals = useInfiniteQuery(approvalsQuery(api, { mine: true, state: "pending" }));
  const tasks = useInfiniteQuery(tasksQuery(api, { mine: true }));
  return {
    approvals: approvals.data?.pages[0]?.items.length ?? 0,
    tasks: tasks.data?.pages[0]?.items.length ?? 0,
  };
}
