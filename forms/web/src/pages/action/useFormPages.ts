import { useCallback, useState } from "react";
import { useLocation, useNavigate } from "react-router";

/**
 * Which page of the form is shown, kept in the hash so that the browser's Back goes one page back and loses nothing.
 * A page that has not been reached in this visit is not shown, whatever the address says.
 */
export function useFormPages(count: number): {
  page: number;
  go: (page: number) => void;
  reset: (page: number) => void;
} {
  const { hash, search } = useLocation();
  const navigate = useNavigate();
  const [reached, setReached] = useState(0);
  const asked = hash === "#review" ? count : Math.max(0, Number(/^#page-(\d+)$/.exec(hash)?.[1] ?? "1") - 1);
  const go = useCallback(
    (page: number) => {
      setReached((before) => Math.max(before, page));
      void navigate({ search, hash: page === 0 ? "" : page >= count ? "review" : `page-${page + 1}` });
    },
    [count, navigate, search],
  );
  return { page: Math.min(asked, reached, count), go, reset: setReached };
}
