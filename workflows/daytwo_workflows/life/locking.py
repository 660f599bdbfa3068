"""The locks of a run: what it needs, whether it has it, and what becomes of a run that may not or cannot have it."""

from dataclasses import replace
from typing import Any

from daytwo_actions.plan.model import Plan
from daytwo_store import lock_holds, lock_reading, locks, principals, runs
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import RunId
from daytwo_store.locks import Held, Queued, Superseded, Taken
from daytwo_store.run_visibility import Onlooker, among
from daytwo_store.states import RunState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life


def lock_columns(plan: Plan) -> dict[str, Any]:
    """What a run's row says of its locks; one key stands alone, as most runs have it."""
    locking = plan.locking
    return {
        "lock_key": plan.keys[0] if plan.keys else None,
        "lock_keys": plan.keys if len(plan.keys) > 1 else None,
        "lock_queue": locking.queue if locking else locks.Queue.FIFO,
        "lock_priority": locking.priority if locking else 0,
    }


def plan_locks(row: RunRow, plan: Plan) -> None:
    for name, value in lock_columns(plan).items():
        setattr(row, name, value)


def named(row: RunRow) -> str:
    """'shop/production', 'a, b and c'."""
    *most, last = locks.keys_of(row) or ("nothing",)
    return f"{', '.join(most)} and {last}" if most else last


async def held(tx: Tx, row: RunRow) -> bool:
    """Does the run have all the keys that it needs, under its fencing number?"""
    keys = locks.keys_of(row)
    if not keys:
        return True
    if row.fence is None or row.lock_taken_at is not None:
        return False
    return await locks.holds(tx.session, keys, RunId(row.id), row.fence)


async def take(life: Life, tx: Tx, row: RunRow) -> Move | None:
    """Approval came first, then the lock: whoever has it goes on (None)."""
    want = locks.wanted(row)
    if want is None or row.lock_taken_at is not None or await held(tx, row):
        return None
    match await locks.acquire(tx, want):
        case Held(fence=fence):
            row.fence = fence
            return None
        case Queued(until=until):
            runs.move(tx, row, RunState.WAITING_LOCK)
            seconds = life.windows.lock_recheck.total_seconds()
            if until is not None:
                seconds = min(seconds, max(0.5, (until - tx.now).total_seconds()))
            return Move(what=What.WAIT, seconds=seconds)
        case Superseded(by=by):
            row.lock_lost_to = by
            reason = f"A newer run of this action here waits for {named(row)} in its place. Nothing was sent."
            await runs.end(tx, row, RunState.SUPERSEDED, reason=reason)
        case Taken() as taken:
            row.lock_lost_to = taken.holder
            await runs.end(tx, row, RunState.REFUSED, reason=await _taken(tx, taken))
    return Move(what=What.END)


async def take_again(life: Life, tx: Tx, row: RunRow) -> Move | None:
    """What was done for a time is taken back under the lock, also where somebody had taken that away: before all
    that wait for it, and after whoever has it now. None: the run has it."""
    want = locks.wanted(row)
    if want is None:
        return None
    want = replace(want, queue=locks.Queue.FIFO, first=True, series=None)
    if row.fence is not None:  # of several keys it still has the others, and would wait for itself
        await locks.step_aside(tx, want)
        row.fence = None
    got = await locks.acquire(tx, want)
    if isinstance(got, Held):
        row.fence = got.fence
        row.lock_taken_at = row.lock_taken_by = row.lock_taken_why = None
        return None
    row.reason = f"It waits for {named(row)}, which was taken away, to take back what it has done."
    return Move(what=What.WAIT, seconds=life.windows.lock_recheck.total_seconds())


async def _taken(tx: Tx, taken: Taken) -> str:
    who = "another run"
    if taken.hold is not None:
        who = f"a person: {(await lock_holds.get(tx.session, taken.hold)).reason}"
    elif taken.holder is None:
        return f"Another run waits for {taken.key}, and this action does not queue. Nothing was sent. Ask again later."
    return f"{taken.key} is held by {who}, and this action does not queue. Nothing was sent. Ask again later."


def rejects(plan: Plan) -> bool:
    """Does the run not wait for its keys?"""
    return plan.locking is not None and plan.locking.queue == locks.Queue.REJECT


async def must_be_free(session: Session, plan: Plan, by: Onlooker) -> None:
    """A run that does not wait is refused at once while somebody has one of its keys. Raises `Conflict`."""
    taken = next((one for one in await lock_reading.situations(session, plan.keys) if one.taken), None)
    if taken is None:
        return
    who = "another run"
    if taken.hold is not None:
        people = await principals.by_ids(session, [taken.hold.by])
        who = f"{people[taken.hold.by].name} ({taken.hold.reason})"
    elif taken.holder in await among(session, [taken.holder], by):
        who = f"run {taken.holder}"
    raise Conflict(
        f"{taken.key} is held by {who}, and {plan.action.name} does not queue. Nothing was started. Ask again later."
    )


def taken_words(row: RunRow) -> str:
    why = f" ({row.lock_taken_why})" if row.lock_taken_why else ""
    return f"The lock was taken away from this run while it ran{why}."


def not_without_lock(row: RunRow, step: StepRow) -> str:
    """Why it may send nothing more: somebody else may have the key."""
    return f"{taken_words(row)} {step.path} was not sent; what was started before stays. The catalog was not changed."
