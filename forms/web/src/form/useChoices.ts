/** Choices of one field as the server offers them: searched there, fetched page by page. */
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { OptionView } from "../api/types";
import type { FormContext } from "./FormContext";

export interface Choices {
  items: readonly OptionView[];
  busy: boolean;
  error: unknown;
  hasMore: boolean;
  more: () => void;
}

/** `search` is null until somebody has opened the list: nothing is asked before. */
export function useChoices(context: FormContext, field: string, search: string | null): Choices {
  const [asked] = useDebouncedValue(search ?? "", 200);
  const query = useInfiniteQuery({
    queryKey: ["options", field, context.answersKey, asked],
    queryFn: ({ pageParam, signal }) => context.options(field, asked, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    enabled: search !== null,
    placeholderData: (before) => before,
    staleTime: 30_000,
  });
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.options) ?? [], [query.data]);
  return {
    items,
    busy: query.isFetching,
    error: query.error,
    hasMore: query.hasNextPage,
    more: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
    },
  };
}

/** Titles of everything seen so far, so that the chosen one keeps its title when the list shows another search. */
export function useTitles(items: readonly OptionView[]): ReadonlyMap<string, OptionView> {
  const [seen] = useState(() => new Map<string, OptionView>());
  return useMemo(() => {
    for (const option of items) seen.set(JSON.stringify(option.value), option);
    return seen;
  }, [items, seen]);
}
