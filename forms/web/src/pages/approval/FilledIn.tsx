import type { Filled } from "../../api/types";
import { Facts } from "../../parts/Basics";
import { inWords, visible } from "../../parts/textOf";

/** What somebody who approved filled in, by the titles that it was asked with. */
export function FilledIn({ filled }: { filled: readonly Filled[] }) {
  if (filled.length === 0) return null;
  return <Facts facts={filled.map((one) => [visible(one.title), inWords(one.value)])} />;
}
