import type { PlannedLock } from "../api/types";
import { text } from "../text";
import { RunLink } from "./Basics";
import { visible } from "./textOf";
import { When } from "./Times";

const words = text.actions.review;

/** Who has the locks of a plan now, why and until when, how many wait, and about when it would be its turn. */
export function PlannedLocks({ lock }: { lock: PlannedLock | null }) {
  if (!lock) return <>{words.noLock}</>;
  return (
    <>
      {lock.keys.map((one) => (
        <div key={one.key}>
          <code>{visible(one.key)}</code>:{" "}
          {one.held_by_run ? (
            <>
              {words.lockHeld} <RunLink id={one.held_by_run} />
            </>
          ) : (
            visible(one.text)
          )}
          {one.queued > 0 && `, ${words.lockQueued(one.queued)}`}
        </div>
      ))}
      {lock.held && lock.expected_at !== null && (
        <div className="soft">
          {words.lockExpected} <When at={lock.expected_at} />
        </div>
      )}
    </>
  );
}
