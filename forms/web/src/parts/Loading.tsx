import { Skeleton } from "@mantine/core";
import { useEffect, useState } from "react";
import { text } from "../text";
import css from "./Loading.module.css";

/** Grey bars, after a moment: an answer that comes at once should not flicker. */
export function Loading({ lines = 4 }: { lines?: number | undefined }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={css.loading} role="status" aria-label={text.loading}>
      {late && Array.from({ length: lines }, (_, line) => <Skeleton key={line} height={20} radius="sm" />)}
    </div>
  );
}
