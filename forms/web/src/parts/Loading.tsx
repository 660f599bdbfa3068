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
      {/* What is in a region before it is there is not read out; what comes into it is. */}
      {late && <span className="visually-hidden">{text.loading}</span>}
      {late && Array.from({ length: lines }, (_, line) => <Skeleton key={line} height={20} radius="sm" />)}
    </div>
  );
}
