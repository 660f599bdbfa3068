import { useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { useDoors } from "../api/context";
import { Watch, type ListEvents, type Mode } from "../api/events";
import { Callout } from "../parts/Basics";
import { text } from "../text";
import css from "./live.module.css";

const ModeContext = createContext<Mode>("connecting");

/** Keeps every list fresh: a hint says which kind has changed, and what of it is on the screen is read again. */
export function LiveLists({ children }: { children: ReactNode }) {
  const { openSource } = useDoors();
  const queries = useQueryClient();
  const [mode, setMode] = useState<Mode>("connecting");
  useEffect(() => {
    const again = (...keys: string[]) => {
      for (const key of keys) void queries.invalidateQueries({ queryKey: [key] });
    };
    const watch = new Watch<ListEvents>({
      url: () => "/api/v1/events",
      open: openSource,
      // A run that ends may have changed the catalog.
      on: { runs: () => again("runs", "entities"), approvals: () => again("approvals") },
      poll: () => again("runs", "approvals"),
      onMode: setMode,
    });
    return () => watch.close();
  }, [openSource, queries]);
  return <ModeContext value={mode}>{children}</ModeContext>;
}

/** Says that the page looks again by itself because nothing is pushed to it. */
export function LiveBanner({ mode }: { mode?: Mode }) {
  const lists = useContext(ModeContext);
  if ((mode ?? lists) !== "polling") return null;
  return (
    <div className={css.banner}>
      <Callout tone="waiting" icon={<WifiOff size={16} aria-hidden />} live>
        {text.live.polling}
      </Callout>
    </div>
  );
}
