"""Locks (A9): one lock space, one holder per key, first come first served, hand-over in the releasing transaction.

Every function takes the advisory lock of its key first, so that two transactions never decide about a key at once.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import LockKey, RunId
from daytwo_store.tables import FENCE, LockQueueRow, LockRow

_NEXT_PLACE: Final = func.nextval(func.pg_get_serial_sequence(LockQueueRow.__tablename__, "n"))


@dataclass(frozen=True, slots=True)
class Held:
    fence: int


@dataclass(frozen=True, slots=True)
class Queued:
    position: int  # 1 is next
    holder: RunId


async def _serialise(session: AsyncSession, key: LockKey) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def acquire(tx: Tx, key: LockKey, run: RunId) -> Held | Queued:
    """Take the lock or a place in its queue; asking again keeps both."""
    await _serialise(tx.session, key)
    row = await tx.session.get(LockRow, key)
    if row is None:
        return Held(await _hand_to(tx, key, run, place=await _leave_queue(tx, run)))
    if row.holder_run == run:
        return Held(row.fence)
    await tx.session.execute(
        insert(LockQueueRow)
        .values(key=key, run_id=run, since=tx.now)
        .on_conflict_do_update(index_elements=["run_id"], set_={"aside": False})
    )
    return Queued(await _position(tx.session, key, run), RunId(row.holder_run))


async def release(tx: Tx, key: LockKey, run: RunId) -> None:
    """Give back the lock and any place in the queue; the next in the queue holds it from this transaction on."""
    await _serialise(tx.session, key)
    await _leave_queue(tx, run)
    await _let_go(tx, key, run)


async def step_aside(tx: Tx, key: LockKey, run: RunId) -> None:
    """Let others go first for as long as the run waits for something else (a freeze), and keep its place.

    A lock that it holds goes to the next in the queue; `acquire` brings it back where it was. Without a place it gets
    the last one.
    """
    await _serialise(tx.session, key)
    place = await _let_go(tx, key, run)
    values = {"key": key, "run_id": run, "since": tx.now, "aside": True}
    await tx.session.execute(
        insert(LockQueueRow)
        .values(values if place is None else {**values, "n": place})
        .on_conflict_do_update(index_elements=["run_id"], set_={"aside": True})
    )


async def _let_go(tx: Tx, key: LockKey, run: RunId) -> int | None:
    """The place of the holder that it was, or None when it did not hold the lock."""
    gone = await tx.session.execute(
        delete(LockRow).where(LockRow.key == key, LockRow.holder_run == run).returning(LockRow.place)
    )
    place: int | None = gone.scalar_one_or_none()
    if place is None:
        return None
    tx.audit(actor="daytwo", action="lock.released", subject=f"lock:{key}", facts={"run": run})
    following = await tx.session.scalar(
        select(LockQueueRow).where(LockQueueRow.key == key, ~LockQueueRow.aside).order_by(LockQueueRow.n).limit(1)
    )
    if following is not None:
        successor = RunId(following.run_id)
        next_place = following.n
        await tx.session.delete(following)
        await tx.session.flush()
        await _hand_to(tx, key, successor, place=next_place)
        tx.poke(successor)
        tx.notify(Topic.RUN, successor)
    return place


async def _leave_queue(tx: Tx, run: RunId) -> int | None:
    """The place that the run had."""
    gone = await tx.session.execute(delete(LockQueueRow).where(LockQueueRow.run_id == run).returning(LockQueueRow.n))
    place: int | None = gone.scalar_one_or_none()
    return place


async def _hand_to(tx: Tx, key: LockKey, run: RunId, *, place: int | None) -> int:
    fence: int = (await tx.session.execute(select(FENCE.next_value()))).scalar_one()
    if place is None:  # it never had to queue: before everybody who comes from now on
        place = (await tx.session.execute(select(_NEXT_PLACE))).scalar_one()
    tx.session.add(LockRow(key=key, holder_run=run, fence=fence, place=place, since=tx.now))
    await tx.session.flush()
    tx.audit(actor="daytwo", action="lock.acquired", subject=f"lock:{key}", facts={"run": run, "fence": str(fence)})
    return fence


async def holds(session: AsyncSession, key: LockKey, run: RunId, fence: int) -> bool:
    """Does the run still hold the key under the fencing number that it was given?"""
    row = await session.get(LockRow, key)
    return row is not None and row.holder_run == run and row.fence == fence


async def _position(session: AsyncSession, key: LockKey, run: RunId) -> int:
    mine = select(LockQueueRow.n).where(LockQueueRow.run_id == run).scalar_subquery()
    ahead: int = (
        await session.execute(
            select(func.count())
            .select_from(LockQueueRow)
            .where(LockQueueRow.key == key, LockQueueRow.n < mine, ~LockQueueRow.aside)
        )
    ).scalar_one()
    return ahead + 1


@dataclass(frozen=True, slots=True)
class LockSituation:
    """A key as somebody looking at it sees it."""

    holder: RunId | None
    fence: int | None
    queue: tuple[RunId, ...]


async def situation(session: AsyncSession, key: LockKey) -> LockSituation:
    row = await session.get(LockRow, key)
    queue = await session.scalars(
        select(LockQueueRow.run_id).where(LockQueueRow.key == key, ~LockQueueRow.aside).order_by(LockQueueRow.n)
    )
    return LockSituation(
        RunId(row.holder_run) if row else None, row.fence if row else None, tuple(RunId(run) for run in queue)
    )
