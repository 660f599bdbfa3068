/** Choices of one field as the server offers them: searched there, fetched page by page. */
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { OptionView } from "../api/types";
import type { FormContext } from "./FormContext";

export interface Choices {
  items: readonly OptionView[];
  busy: boolean;
  error: unknown;
  hasMore: boolean;
  more: () => void;
  /** Asks once more, where asking has failed. */
  again: () => void;
}

/** `search` is null until somebody has opened the list: nothing is asked before. */
export function useChoices(context: FormContext, field: string, search: string | null): Choices {
  const [asked] = useDebouncedValue(search ?? "", 200);
  const query = useInfiniteQuery({
    queryKey: ["options", context.of, field, context.answersKey, asked],
    queryFn: ({ pageParam, signal }) => context.options(field, asked, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    enabled: search !== null,
    placeholderData: (before) => before,
    staleTime: 30_000,
  });
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.options) ?? [], [query.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return {
    items,
    busy: query.isFetching,
    error: query.error,
    hasMore: hasNextPage,
    more,
    again: () => void query.refetch(),
  };
}
