import type { QueryClient } from "@tanstack/react-query";
import { meQuery } from "../api/queries";
import type { Api } from "../api/client";
import type { Me } from "../api/types";
import { forgetDrafts } from "../form/draft";

/** Somebody signed in: nothing that was read as somebody else may stay. */
export function becomes(queries: QueryClient, api: Api, me: Me): void {
  forget(queries, api);
  queries.setQueryData(meQuery(api).queryKey, me);
}

/** Signed out: ask again who the reader is, and forget everything else. */
export async function leaves(queries: QueryClient, api: Api): Promise<void> {
  forgetDrafts();
  forget(queries, api);
  await queries.resetQueries({ queryKey: meQuery(api).queryKey });
}

function forget(queries: QueryClient, api: Api): void {
  const [me] = meQuery(api).queryKey;
  // Not `clear`: whoever watches "me" would go on watching what is gone, and never hear of the next.
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== me });
}
