/** Where the form of a stage, or of a task, is resolved. */
import { take, type Api } from "../../api/client";
import type { Asking } from "./StageForm";

export const ofStage =
  (approval: string) =>
  (api: Api): Asking => ({
    of: ["approval", approval],
    resolve: (answers, signal) =>
      take(
        api.POST("/api/v1/approvals/{approval}/form", {
          params: { path: { approval } },
          body: { answers },
          signal,
        }),
      ),
    options: (field, answers, search, cursor, signal) =>
      take(
        api.POST("/api/v1/approvals/{approval}/options/{field}", {
          params: { path: { approval, field } },
          body: { answers, search, cursor },
          signal,
        }),
      ),
  });

export const ofTask =
  (task: string) =>
  (api: Api): Asking => ({
    of: ["task", task],
    resolve: (answers, signal) =>
      take(api.POST("/api/v1/tasks/{task}/form", { params: { path: { task } }, body: { answers }, signal })),
    options: (field, answers, search, cursor, signal) =>
      take(
        api.POST("/api/v1/tasks/{task}/options/{field}", {
          params: { path: { task, field } },
          body: { answers, search, cursor },
          signal,
        }),
      ),
  });
