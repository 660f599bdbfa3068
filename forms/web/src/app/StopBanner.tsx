import { useQuery } from "@tanstack/react-query";
import { OctagonX } from "lucide-react";
import { useApi } from "../api/context";
import { stopQuery } from "../api/queries";
import { Callout } from "../parts/Basics";
import { visible } from "../parts/textOf";
import { text } from "../text";
import css from "./live.module.css";

/** On every page: nothing is dispatched anywhere until somebody lifts it. */
export function StopBanner() {
  const stop = useQuery(stopQuery(useApi()));
  if (!stop.data?.stopped) return null;
  return (
    <div className={css.banner}>
      <Callout tone="attention" icon={<OctagonX size={18} aria-hidden />} title={text.freezes.stopped} live>
        {visible(stop.data.text)}
      </Callout>
    </div>
  );
}
