import { Snowflake, Sun } from "lucide-react";
import type { FreezeView } from "../../api/types";
import type { Look } from "../../states/states";
import { inWords } from "../../parts/textOf";
import { text } from "../../text";

const words = text.freezes.page;

export const freezePath = (id: string): string => `/freezes/${encodeURIComponent(id)}`;

/** Does it hold what its selector matches, at this moment? */
export const freezeLook = ({ frozen_now: frozen }: FreezeView): Look =>
  frozen
    ? { tone: "waiting", icon: Snowflake, word: words.holds }
    : { tone: "good", icon: Sun, word: words.opensNow };

/** Its selector on one line: "environments: production; operations: create, day-2". */
export function whatOf(freeze: FreezeView): string {
  const where = freeze.spec["where"];
  const parts =
    where && typeof where === "object" && !Array.isArray(where)
      ? Object.entries(where).map(
          ([name, value]) =>
            `${name}: ${Array.isArray(value) ? value.map(inWords).join(", ") : inWords(value)}`,
        )
      : [];
  return parts.join("; ") || words.everything;
}
