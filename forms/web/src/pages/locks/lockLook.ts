import { Lock, LockOpen, UserLock } from "lucide-react";
import type { LockRow } from "../../api/types";
import type { Look } from "../../states/states";
import { text } from "../../text";

/** Free, with a run, or with a person. */
export function lockLook({ hold, fence }: Pick<LockRow, "hold" | "fence">): Look {
  if (hold) return { tone: "attention", icon: UserLock, word: text.locks.byPerson };
  if (fence !== null) return { tone: "active", icon: Lock, word: text.locks.byRun };
  return { tone: "good", icon: LockOpen, word: text.locks.free };
}

export const lockPath = (key: string): string => `/lock?${new URLSearchParams({ key })}`;
