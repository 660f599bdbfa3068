/**
 * Small things that a person's own browser remembers: favourites, drafts. What it does not let us keep is forgotten,
 * and nothing depends on it.
 */
export interface Keeping {
  read: (key: string) => unknown;
  write: (key: string, value: unknown) => void;
  forget: (key: string) => void;
}

/** `null` is where the browser allows no storage at all. */
export function keeping(storage: () => Storage | null): Keeping {
  const attempt = <Value>(act: (kept: Storage) => Value): Value | undefined => {
    try {
      const kept = storage();
      return kept ? act(kept) : undefined;
    } catch {
      return undefined; // no room, not allowed, or not JSON
    }
  };
  return {
    read: (key) => attempt((kept) => JSON.parse(kept.getItem(key) ?? "null") as unknown) ?? null,
    write: (key, value) => attempt((kept) => kept.setItem(key, JSON.stringify(value))),
    forget: (key) => attempt((kept) => kept.removeItem(key)),
  };
}

/** Until somebody clears it. */
export const kept = keeping(() => window.localStorage);
/** As long as the tab is open. */
export const keptInTab = keeping(() => window.sessionStorage);
