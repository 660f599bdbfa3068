import { useMutation, useQueryClient } from "@tanstack/react-query";
import { take, type Api } from "../../api/client";
import { useApi } from "../../api/context";
import type { JsonObject, TaskView } from "../../api/types";

export type Change =
  | { what: "claim"; over: boolean }
  | { what: "hand-over"; to: string | null }
  | { what: "complete"; answers: JsonObject; words: string }
  | { what: "fail"; words: string };

/** What somebody does about a task. Done or refused: what is on the screen is old then. */
export function useTaskChange(task: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Change) => send(api, task, change),
    onSuccess: (answer) => queries.setQueryData(["tasks", "one", task], answer),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["tasks"] });
      await queries.invalidateQueries({ queryKey: ["run"] });
    },
  });
}

async function send(api: Api, task: string, change: Change): Promise<TaskView> {
  const params = { path: { task } };
  switch (change.what) {
    case "claim":
      return take(api.POST("/api/v1/tasks/{task}/claim", { params, body: { over: change.over } }));
    case "hand-over":
      return take(api.POST("/api/v1/tasks/{task}/hand-over", { params, body: { to: change.to } }));
    case "complete": {
      const body = { answers: change.answers, words: change.words };
      return (await take(api.POST("/api/v1/tasks/{task}/complete", { params, body }))).task;
    }
    case "fail":
      return take(api.POST("/api/v1/tasks/{task}/fail", { params, body: { words: change.words } }));
  }
}
