import { text } from "../text";
import { ago, elapsed, exact } from "./time";
import { useNow } from "./useNow";

/** "5 minutes ago", with the exact time on hover. */
export function When({ at }: { at: string | null }) {
  const now = useNow(20_000);
  if (!at) return <span className="soft">{text.time.unknown}</span>;
  return (
    <time dateTime={at} title={exact(at)}>
      {ago(at, now)}
    </time>
  );
}

/** Until when: the exact time beside "in 2 hours", for what somebody plans by and may not hover over. */
export function Until({ at }: { at: string }) {
  const now = useNow(20_000);
  return (
    <time dateTime={at}>
      {exact(at)}, {ago(at, now)}
    </time>
  );
}

/** "1 min 12 s", counting while it has not ended. */
export function Took({ start, end }: { start: string | null; end: string | null }) {
  const now = useNow(1_000, start !== null && end === null);
  const words = elapsed(start, end, now);
  return words === null ? null : <span className="tabular">{words}</span>;
}
