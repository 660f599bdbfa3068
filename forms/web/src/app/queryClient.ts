import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/problem";

/** Reads are asked again after a lost connection or a 5xx; what is answered by a 4xx stays answered. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
      },
      mutations: { retry: false },
    },
  });
}
