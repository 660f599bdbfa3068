import { text } from "../text";
import { ago, elapsed, exact, local } from "./time";
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

/** A moment that somebody plans by: the date and the hour of their own clock; to the second and in UTC on hover. */
export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exact(at)}>
      {local(at)}
    </time>
  );
}

/** Until when: the moment beside "in 2 hours". */
export function Until({ at }: { at: string }) {
  const now = useNow(20_000);
  return (
    <time dateTime={at} title={exact(at)}>
      {local(at)}, {ago(at, now)}
    </time>
  );
}

/** "1 min 12 s", counting while it has not ended. */
export function Took({ start, end }: { start: string | null; end: string | null }) {
  const now = useNow(1_000, start !== null && end === null);
  const words = elapsed(start, end, now);
  return words === null ? null : <span className="tabular">{words}</span>;
}
