"""An operator takes a lock away from a run (R42). The row decides; nothing in the CI system is stopped by it.

The run sends nothing more: what was sealed and not sent is given up here, and every later check misses the lock. What
it has started is followed to its end, which is written down on this run only. What it has done for a time is taken
back all the same: for that it waits for the lock again, before all others.
"""

from dataclasses import dataclass

from daytwo_actions.plan.model import Plan
from daytwo_store import attempts, lock_holds, lock_reading, locks, runs
from daytwo_store.engine import Session, Store, Topic, Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.states import RUN_ENDS, AttemptState, RunState
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.life.leases import lasts
from daytwo_workflows.life.own_interest import must_not_wait_for_the_lock
from daytwo_workflows.life.undo_stack import stack

_UNSENT = frozenset({AttemptState.INTENT, AttemptState.ABANDONED, AttemptState.REJECTED, AttemptState.ABSENT})


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeAway:
    key: str
    fence: int  # of the holder that somebody has looked at
    by: PrincipalId
    reason: str


async def take_away(store: Store, asked: TakeAway) -> None:
    """Free the key for who is next. Raises `Conflict` when its holder is another one by now.

    Raises `Forbidden` for whoever waits for it.
    """
    await must_not_wait_for_the_lock(store, asked.key, asked.by)
    async with store.read() as session:
        holder = await lock_reading.holder(session, asked.key, asked.fence)
    async with store.write() as tx:
        facts = {"fence": str(asked.fence), "why": asked.reason}
        if holder is None:
            raise await _changed(tx.session, asked)
        if holder.hold is not None:
            tx.audit(actor=asked.by, action="lock.forced", subject=f"lock:{asked.key}", facts=facts)
            ended = await lock_holds.end(tx, holder.hold, by=asked.by)
            if ended.ended_at != tx.now:
                raise await _changed(tx.session, asked)
            return
        row = await runs.hold(tx, RunId(str(holder.run)))
        if not await locks.take_away(tx, asked.key, RunId(row.id), asked.fence):
            raise await _changed(tx.session, asked)
        facts = {**facts, "run": row.id}
        tx.audit(actor=asked.by, action="lock.forced", subject=f"lock:{asked.key}", facts=facts)
        await _without_it(tx, row, asked)


async def _without_it(tx: Tx, row: RunRow, asked: TakeAway) -> None:
    row.lock_taken_at, row.lock_taken_by, row.lock_taken_why = tx.now, asked.by, asked.reason
    tries = await attempts.of_run(tx.session, RunId(row.id))
    for attempt in tries:
        if attempt.state == AttemptState.INTENT:
            note = "the lock was taken away before it was sent"
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note=note, actor=asked.by)
    tx.notify(Topic.RUN, row.id)
    if RunState(row.state) in RUN_ENDS:
        return  # it had left its lock behind
    plan = Plan.model_validate_json(row.plan)
    taken_back = lasts(plan) and await stack(tx.session, plan, await runs.steps(tx.session, RunId(row.id)))
    if not any(was_sent(attempt) for attempt in tries) and row.state != RunState.CANCELLING and not taken_back:
        await runs.end(
            tx,
            row,
            RunState.REFUSED,
            reason=f"The lock {asked.key} was taken away ({asked.reason}). Nothing was sent.",
            actor=asked.by,
        )
    tx.poke(RunId(row.id))


def was_sent(attempt: AttemptRow) -> bool:
    """It was started, or it may have been."""
    return attempt.external_id is not None or AttemptState(attempt.state) not in _UNSENT


async def _changed(session: Session, asked: TakeAway) -> Conflict:
    (now,) = await lock_reading.situations(session, [asked.key])
    told = f"{asked.key} is no longer held under the number {asked.fence}: "
    if now.fence is None:
        return Conflict(
            f"{told}nobody has it. It was taken from nobody, and no run was changed. There is nothing to take away: "
            "whoever waits for it has it as soon as it is their turn."
        )
    return Conflict(f"{told}somebody else has it by now. Nothing was changed. Look at the lock again.")
