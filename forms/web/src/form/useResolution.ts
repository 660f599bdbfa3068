import { useEffect, useState, useSyncExternalStore } from "react";
import type { Draft } from "./draft";
import type { Prefill } from "./prefill";
import { FormResolution, type Resolve, type Snapshot } from "./resolution";

/** A resolution that lives as long as the component, asks at once, renders on each change, and keeps its draft. */
export function useResolution(resolve: Resolve, prefill: Prefill, draft: Draft): [FormResolution, Snapshot] {
  const [resolution] = useState(() => new FormResolution(resolve, prefill, draft.answers));
  const snapshot = useSyncExternalStore(resolution.subscribe, resolution.current);
  useEffect(() => resolution.subscribe(() => draft.save(resolution.draft())), [resolution, draft]);
  useEffect(() => {
    resolution.ask();
    return () => resolution.close();
  }, [resolution]);
  return [resolution, snapshot];
}
