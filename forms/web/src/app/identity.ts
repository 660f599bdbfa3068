import type { QueryClient } from "@tanstack/react-query";
import { forgetAllElse, meQuery } from "../api/queries";
import { speaksAs, type Api } from "../api/client";
import type { Me } from "../api/types";
import { forgetDrafts } from "../form/draft";

/** Somebody signed in: nothing that was read as somebody else may stay. */
export function becomes(queries: QueryClient, api: Api, me: Me): void {
  forgetAllElse(queries);
  speaksAs(api, me.id);
  queries.setQueryData(meQuery(api).queryKey, me);
}

/** Signed out: ask again who the reader is, and forget everything else. */
export async function leaves(queries: QueryClient, api: Api): Promise<void> {
  forgetDrafts();
  forgetAllElse(queries);
  await queries.resetQueries({ queryKey: meQuery(api).queryKey });
}
