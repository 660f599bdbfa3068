import { useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { useDoors } from "../api/context";
import { Watch, type ListEvents, type Mode } from "../api/events";
import { Callout } from "../parts/Basics";
import { text } from "../text";
import css from "./live.module.css";
import { approvalsChanged, freezesChanged, runsChanged } from "./refresh";
import { throttled } from "./throttle";

const PACE = 1_000; // milliseconds: a busy company has hints for every moment

const ModeContext = createContext<Mode>("connecting");

/** Keeps every list fresh: a hint says which kind has changed, and what of it is on the screen is read again. */
export function LiveLists({ children }: { children: ReactNode }) {
  const { openSource } = useDoors();
  const queries = useQueryClient();
  const [mode, setMode] = useState<Mode>("connecting");
  useEffect(() => {
    const runs = throttled(() => runsChanged(queries), PACE);
    const approvals = throttled(() => approvalsChanged(queries), PACE);
    const freezes = throttled(() => freezesChanged(queries), PACE);
    const watch = new Watch<ListEvents>({
      url: () => "/api/v1/events",
      open: openSource,
      on: { runs: runs.call, approvals: approvals.call, freezes: freezes.call },
      poll: () => {
        runs.call();
        approvals.call();
        freezes.call();
      },
      onMode: setMode,
    });
    return () => {
      watch.close();
      runs.stop();
      approvals.stop();
      freezes.stop();
    };
  }, [openSource, queries]);
  return <ModeContext value={mode}>{children}</ModeContext>;
}

/** Says that the page looks again by itself because nothing is pushed to it. */
export function LiveBanner({ mode }: { mode?: Mode }) {
  const lists = useContext(ModeContext);
  // A page with a stream of its own says nothing when the lists have said it already.
  const says = mode === undefined ? lists === "polling" : mode === "polling" && lists !== "polling";
  if (!says) return null;
  return (
    <div className={css.banner}>
      <Callout tone="waiting" icon={<WifiOff size={16} aria-hidden />} live>
        {text.live.polling}
      </Callout>
    </div>
  );
}
