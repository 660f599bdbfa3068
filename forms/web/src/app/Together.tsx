import { useIsFetching } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Loading } from "../parts/Loading";
import css from "./Together.module.css";

const QUIET = 60; // milliseconds without a first question: what one answer leads to has been asked by then
const ELSEWHERE = 500; // what others than Daytwo are asked for is waited for so long, once all the rest is there
const LONGEST = 4_000; // then what is there is shown, and the rest comes when it comes

/**
 * A screen appears when everything that it asked for at first is there. Parts that come one after the other would push
 * down what somebody has begun to read, or is about to press. Until then nothing of it can be pressed.
 */
export function Together({ children }: { children: ReactNode }) {
  const ours = useIsFetching({
    predicate: ({ state, meta }) => state.status === "pending" && meta?.["elsewhere"] !== true,
  });
  const others = useIsFetching({
    predicate: ({ state, meta }) => state.status === "pending" && meta?.["elsewhere"] === true,
  });
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), LONGEST);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (shown || ours > 0) return;
    const timer = setTimeout(() => setShown(true), others > 0 ? ELSEWHERE : QUIET);
    return () => clearTimeout(timer);
  }, [shown, ours, others]);
  return (
    <div className={css.screen}>
      {!shown && (
        <div className={css.wait}>
          <Loading lines={6} />
        </div>
      )}
      <div className={shown ? undefined : css.unseen} inert={!shown} aria-busy={!shown || undefined}>
        {children}
      </div>
    </div>
  );
}
