import { useEffect, useState, useSyncExternalStore } from "react";
import { FormResolution, type Resolve, type Snapshot } from "./resolution";

/** A resolution that lives as long as the component, asks at once, and renders on each change. */
export function useResolution(
  resolve: Resolve,
  prefill: ReadonlyMap<string, string>,
): [FormResolution, Snapshot] {
  const [resolution] = useState(() => new FormResolution(resolve, prefill));
  const snapshot = useSyncExternalStore(resolution.subscribe, resolution.current);
  useEffect(() => {
    resolution.ask();
    return () => resolution.close();
  }, [resolution]);
  return [resolution, snapshot];
}
