import type { Query, QueryClient, QueryFilters } from "@tanstack/react-query";

/** Those that are read once more when what is read of them now is here: a hint may be newer than that answer. */
const again = new WeakSet<Query>();

/**
 * What is on the screen of these is read again. What is being read already is read to its end first: hints may come
 * faster than an answer, and who began anew with each of them would never see one.
 */
export function lookAgain(queries: QueryClient, filters: QueryFilters): void {
  const busy = queries.getQueryCache().findAll({ ...filters, fetchStatus: "fetching" });
  void queries.invalidateQueries(filters, { cancelRefetch: false });
  for (const query of busy.filter((one) => !again.has(one))) {
    again.add(query);
    const once = () => {
      again.delete(query);
      void queries.invalidateQueries({ queryKey: query.queryKey, exact: true }, { cancelRefetch: false });
    };
    query.fetch().then(once, once); // what is being read already
  }
}
