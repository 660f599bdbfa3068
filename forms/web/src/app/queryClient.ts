import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/problem";

const ME = ["me"];

/**
 * Reads are asked again after a lost connection or a 5xx; what is answered by a 4xx stays answered. A 401 anywhere asks
 * who the reader is: if nobody any more, the sign-in page appears.
 */
export function createQueryClient(): QueryClient {
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => query.queryKey[0] !== ME[0] && checkWho(error) }),
    mutationCache: new MutationCache({ onError: (error) => checkWho(error) }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
      },
      mutations: { retry: false },
    },
  });
  const checkWho = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401) void queries.invalidateQueries({ queryKey: ME });
  };
  return queries;
}
