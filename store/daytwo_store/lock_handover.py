"""Who has a key next (A9). Everything in here is called with the advisory locks of the keys taken.

A free key goes to a person's hold first, then to the first in its queue. A run that needs several keys is handed all of
them or none: while it is first in the queue of one of them, nobody behind it gets that one, so it cannot starve, and it
has nothing while it waits, so nobody waits in a circle.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ARRAY, Text, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import RunId
from daytwo_store.notifications import Notice, tell
from daytwo_store.tables import FENCE, PLACE, LockHoldRow, LockQueueRow, LockRow, RunRow

_SERIALISE: Final = text(
    "SELECT pg_advisory_xact_lock(hash) FROM (SELECT DISTINCT hashtextextended(key, 0) AS hash "
    "FROM unnest(CAST(:keys AS text[])) AS key ORDER BY hash OFFSET 0) AS sorted"
)
_TRY: Final = text(
    "SELECT bool_and(pg_try_advisory_xact_lock(hashtextextended(key, 0))) FROM unnest(CAST(:keys AS text[])) AS key"
)

# Of each key that is free: the hold that waits for it, and the first in its queue.
_NEXT: Final = text(
    """
    SELECT k.key, h.id AS hold, q.run_id AS run, q.keys, q.place
    FROM unnest(CAST(:keys AS text[])) AS k(key)
    LEFT JOIN lock l ON l.key = k.key
    LEFT JOIN lock_hold h ON h.key = k.key AND h.ended_at IS NULL
    LEFT JOIN LATERAL (
        SELECT run_id, keys, place FROM lock_queue
        WHERE key = k.key AND NOT aside AND superseded_by IS NULL
        ORDER BY first DESC, priority DESC, place LIMIT 1
    ) q ON true
    WHERE l.key IS NULL ORDER BY k.key
    """
)


@dataclass(frozen=True, slots=True)
class Next:
    """What is to become of a free key."""

    key: str
    hold: str | None
    run: str | None
    keys: tuple[str, ...]
    place: int


async def serialise(session: AsyncSession, keys: Collection[str]) -> None:
    """Nobody else decides about these keys until the transaction ends. Taken in one order by everybody."""
    await session.execute(_SERIALISE, {"keys": list(keys)})


async def pass_on(tx: Tx, keys: Collection[str], *, serialised: Collection[str]) -> None:
    """Give those of the keys that are free to whoever is next, in this transaction."""
    mine = set(serialised)
    for key in keys:
        tx.notify(Topic.LOCK, key)
    tried: set[str] = set()
    for free in await _next(tx.session, keys):
        if free.hold is not None:
            await give_to_hold(tx, free.key, free.hold)
        elif free.run is not None and free.keys == (free.key,):
            await give_to_run(tx, free.keys, RunId(free.run), free.place, queued=True)
            wake(tx, RunId(free.run))
        elif free.run is not None and free.run not in tried:
            tried.add(free.run)
            await _all_or_nothing(tx, free, mine)


async def _all_or_nothing(tx: Tx, first: Next, serialised: set[str]) -> None:
    """A run that needs several keys. Others may decide about some of them right now: then it asks itself, after them.

    They are only tried, never waited for, since this transaction has keys already.
    """
    run, others = RunId(str(first.run)), set(first.keys) - serialised
    if others and not await tx.session.scalar(_TRY, {"keys": sorted(others)}):
        tx.poke(run)
        return
    free = await _next(tx.session, first.keys)
    if len(free) == len(first.keys) and all(one.run == run and one.hold is None for one in free):
        await give_to_run(tx, first.keys, run, first.place, queued=True)
        wake(tx, run)


async def _next(session: AsyncSession, keys: Collection[str]) -> list[Next]:
    rows = await session.execute(_NEXT, {"keys": sorted(keys)})
    return [Next(row.key, row.hold, row.run, tuple(row.keys or ()), row.place or 0) for row in rows]


async def give_to_run(tx: Tx, keys: Sequence[str], run: RunId, place: int | None, *, queued: bool) -> int:
    """The run holds the keys from now on; its fencing number. Without a place it gets the last one."""
    made = insert(LockRow).from_select(
        ["key", "holder_run", "fence", "place", "since"],
        select(
            func.unnest(literal(list(keys), ARRAY(Text))),
            literal(run),
            select(FENCE.next_value()).scalar_subquery(),
            select(PLACE.next_value()).scalar_subquery() if place is None else literal(place),
            literal(tx.now),
        ),
    )
    fence: int = (await tx.session.scalars(made.returning(LockRow.fence))).all()[0]
    if queued:
        await tx.session.execute(delete(LockQueueRow).where(LockQueueRow.run_id == run))
    for key in keys:
        facts = {"run": run, "fence": str(fence)}
        tx.audit(actor="daytwo", action="lock.acquired", subject=f"lock:{key}", facts=facts)
        tx.notify(Topic.LOCK, key)
    return fence


async def give_to_hold(tx: Tx, key: str, hold: str) -> None:
    fence, place = select(FENCE.next_value()).scalar_subquery(), select(PLACE.next_value()).scalar_subquery()
    made = insert(LockRow).values(key=key, hold_id=hold, fence=fence, place=place, since=tx.now)
    number: int = (await tx.session.scalars(made.returning(LockRow.fence))).one()
    row = await tx.session.get_one(LockHoldRow, hold)
    row.began_at = tx.now
    facts = {"hold": hold, "fence": str(number)}
    tx.audit(actor=row.by, action="lock.acquired", subject=f"lock:{key}", facts=facts)
    tx.notify(Topic.LOCK, key)
    waiting = await tx.session.execute(
        select(RunRow.id, RunRow.requester)
        .join(LockQueueRow, LockQueueRow.run_id == RunRow.id)
        .where(LockQueueRow.key == key)
    )
    for run, requester in waiting:
        tell(tx, Notice.LOCK_HELD, audience=[requester], run=RunId(run), facts={"hold": hold, "by": row.by})


def wake(tx: Tx, run: RunId) -> None:
    tx.poke(run)
    tx.notify(Topic.RUN, run)
