/** What the form of an action is made of: the server's answers to it, and choices. */
import { useCallback, useMemo, useState } from "react";
import { take, type Api } from "../../api/client";
import { useApi } from "../../api/context";
import type { ActionView, FormView, JsonObject, OptionView } from "../../api/types";
import type { Draft } from "../../form/draft";
import type { FormContext } from "../../form/FormContext";
import type { Prefill } from "../../form/prefill";
import { useResolution } from "../../form/useResolution";

export interface Begun {
  action: ActionView;
  entity: string | null;
  prefill: Prefill;
  draft: Draft;
}

export function useForm({ action, entity, prefill, draft }: Begun) {
  const api = useApi();
  const resolve = useMemo(() => resolver(api, action.name, entity), [api, action.name, entity]);
  const [resolution, snapshot] = useResolution(resolve, prefill, draft);
  const [seen] = useState(() => new Map<string, OptionView>());
  const of = useMemo(() => ["action", action.name, entity], [action.name, entity]);
  const options: FormContext["options"] = useCallback(
    (field, search, cursor, signal) =>
      take(
        api.POST("/api/v1/actions/{name}/options/{field}", {
          params: { path: { name: action.name, field } },
          body: { entity, answers: resolution.inputs(), search, cursor },
          signal,
        }),
      ),
    [api, action.name, entity, resolution],
  );
  return { resolution, snapshot, choices: { of, options, seen } };
}

function resolver(api: Api, name: string, entity: string | null) {
  return (answers: JsonObject, signal: AbortSignal): Promise<FormView> =>
    take(
      api.POST("/api/v1/actions/{name}/form", {
        params: { path: { name } },
        body: { entity, answers },
        signal,
      }),
    );
}
