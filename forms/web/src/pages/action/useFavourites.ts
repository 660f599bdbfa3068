import { useCallback, useSyncExternalStore } from "react";
import { useMe } from "../../app/me";
import { kept } from "../../parts/keep";

const listeners = new Set<() => void>();
const keyOf = (person: string) => `daytwo.favourites.${person}`;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener); // another tab
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** Names of the actions that somebody has starred. They stay in this browser, one list per person. */
export function useFavourites(): { favourites: readonly string[]; toggle: (name: string) => void } {
  const key = keyOf(useMe().id);
  // As text, because two snapshots of the same list have to be the same thing.
  const written = useSyncExternalStore(subscribe, () => JSON.stringify(namesAt(key)));
  const favourites = JSON.parse(written) as string[];
  const toggle = useCallback(
    (name: string) => {
      const before = namesAt(key);
      kept.write(key, before.includes(name) ? before.filter((one) => one !== name) : [...before, name]);
      for (const listener of listeners) listener();
    },
    [key],
  );
  return { favourites, toggle };
}

function namesAt(key: string): string[] {
  const found = kept.read(key);
  return Array.isArray(found) ? found.filter((one): one is string => typeof one === "string") : [];
}
