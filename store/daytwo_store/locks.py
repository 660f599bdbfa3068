"""Locks (A9): one lock space, one holder per key, hand-over in the releasing transaction.

A run may need several keys: it has all of them or none. Every function takes the advisory locks of its keys first, so
that two transactions never decide about a key at once. What a waiting run is told (`Superseded`, `Taken`) it does
itself, in its own transaction: nobody else's run is changed in here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ARRAY, Text, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.ids import RunId
from daytwo_store.lock_handover import give_to_run, pass_on, serialise, wake
from daytwo_store.lock_holds import end_those_over
from daytwo_store.tables import PLACE, LockQueueRow, LockRow, RunRow


class Queue(StrEnum):
    """What a run does that finds a key taken."""

    FIFO = "fifo"  # waits for its turn
    PRIORITY = "priority"  # waits, before those with a lower number
    LATEST = "latest"  # waits, and older ones of its action and entity are no longer wanted
    REJECT = "reject"  # does not wait: it is refused
    REPLACE = "replace"  # asks the holder to stop, and waits for its end


@dataclass(frozen=True, kw_only=True, slots=True)
class Want:
    """What a run asks for. `keys` are sorted, each once."""

    run: RunId
    keys: tuple[str, ...]
    asked_at: datetime
    queue: Queue = Queue.FIFO
    priority: int = 0
    first: bool = False  # an undo: before everybody that waits, and never superseded
    series: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    fence: int


@dataclass(frozen=True, slots=True)
class Queued:
    position: int  # 1 is next; of several keys the worst
    holder: RunId | None  # of the keys that are taken, the first one's; None: a person, or nobody yet
    until: datetime | None = None  # when a person's hold ends by itself


@dataclass(frozen=True, slots=True)
class Taken:
    """It was not to wait, and nothing was taken."""

    key: str
    holder: RunId | None
    hold: str | None


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer run of the same series waits in its place."""

    by: RunId


def wanted(row: RunRow) -> Want | None:
    """What a run needs while it is sent; None when it needs no lock."""
    keys = keys_of(row)
    if not keys:
        return None
    queue, undo = Queue(row.lock_queue), row.undo_of is not None
    return Want(
        run=RunId(row.id),
        keys=keys,
        asked_at=row.created_at,
        queue=queue,
        priority=row.lock_priority,
        first=undo,
        series=f"{row.action} {row.entity or ''}" if queue is Queue.LATEST and not undo else None,
    )


def keys_of(row: RunRow) -> tuple[str, ...]:
    """The keys that a run needs, sorted."""
    return tuple(row.lock_keys or ([row.lock_key] if row.lock_key is not None else ()))


# Each key: who has it, and how many wait that come before us. `mine` is our own place in the queue.
_STATE: Final = text(
    """
    SELECT k.key, l.holder_run, l.hold_id, l.fence, h.until,
        mine.place AS mine, mine.superseded_by,
        (SELECT count(*) FROM lock_queue q
            WHERE q.key = k.key AND q.run_id <> :run AND NOT q.aside AND q.superseded_by IS NULL
            AND (mine.place IS NULL
                OR (NOT q.first, -q.priority, q.place) < (NOT mine.first, -mine.priority, mine.place))) AS before
    FROM unnest(CAST(:keys AS text[])) AS k(key)
    LEFT JOIN lock l ON l.key = k.key
    LEFT JOIN lock_hold h ON h.id = l.hold_id
    LEFT JOIN lock_queue mine ON mine.key = k.key AND mine.run_id = :run
    ORDER BY k.key
    """
)


@dataclass(frozen=True, slots=True)
class _Key:
    key: str
    holder: RunId | None
    hold: str | None
    fence: int | None
    until: datetime | None
    mine: int | None
    superseded_by: str | None
    before: int

    @property
    def free(self) -> bool:
        return self.holder is None and self.hold is None


async def acquire(tx: Tx, want: Want) -> Held | Queued | Taken | Superseded:
    """Take all the keys, or a place in their queues; asking again keeps both."""
    await serialise(tx.session, want.keys)
    state = await _state(tx, want)
    if any(one.until is not None and one.until <= tx.now for one in state):
        await end_those_over(tx, want.keys, serialised=want.keys)
        state = await _state(tx, want)
    mine = state[0].mine
    if all(one.holder == want.run for one in state):
        return Held(state[0].fence or 0)
    if state[0].superseded_by is not None:
        return Superseded(RunId(state[0].superseded_by))
    if _its_turn(state):
        return Held(await give_to_run(tx, want.keys, want.run, mine, queued=mine is not None))
    if want.queue is Queue.REJECT and mine is None and not want.first:
        taken = next((one for one in state if not one.free), state[0])
        return Taken(taken.key, taken.holder, taken.hold)
    if want.series is not None:
        newer, mine = await _series(tx, want, mine)
        if newer is not None:
            return Superseded(newer)
    await _enqueue(tx, want, mine, aside=False)
    state = await _state(tx, want)
    if _its_turn(state):  # before a run that waits for others of its keys
        return Held(await give_to_run(tx, want.keys, want.run, state[0].mine, queued=True))
    return _queued(state)


async def release(tx: Tx, keys: Sequence[str], run: RunId) -> None:
    """Give back these keys and any place in their queues; who is next holds them from this transaction on."""
    await serialise(tx.session, keys)
    left = await tx.session.scalars(
        delete(LockQueueRow).where(LockQueueRow.run_id == run, LockQueueRow.key.in_(keys)).returning(LockQueueRow.key)
    )
    # Who has waited for several may have kept free ones from those behind it.
    freed = {*(left if len(keys) > 1 else ()), *await _let_go(tx, keys, run)}
    if freed:
        await pass_on(tx, freed, serialised=keys)


async def step_aside(tx: Tx, want: Want) -> None:
    """Let others go first for as long as the run waits for something else (a freeze), and keep its place.

    What it holds goes to the next in the queue; `acquire` brings the run back where it was. Without a place it gets the
    last one.
    """
    await serialise(tx.session, want.keys)
    place = await tx.session.scalar(
        select(LockRow.place).where(LockRow.key.in_(want.keys), LockRow.holder_run == want.run).limit(1)
    )
    freed = await _let_go(tx, want.keys, want.run)
    await _enqueue(tx, want, place, aside=True)
    await pass_on(tx, freed or want.keys, serialised=want.keys)


async def take_away(tx: Tx, key: str, run: RunId, fence: int) -> bool:
    """Take one key from a run, whatever it does; the next in the queue has it from now on. False: it has it no more."""
    await serialise(tx.session, [key])
    gone = await tx.session.scalar(
        delete(LockRow)
        .where(LockRow.key == key, LockRow.holder_run == run, LockRow.fence == fence)
        .returning(LockRow.key)
    )
    if gone is None:
        return False
    tx.audit(actor="daytwo", action="lock.released", subject=f"lock:{key}", facts={"run": run})
    await pass_on(tx, [key], serialised=[key])
    return True


async def holds(session: AsyncSession, keys: Collection[str], run: RunId, fence: int) -> bool:
    """Does the run still hold all the keys under the fencing number that it was given?"""
    query = select(func.count()).where(LockRow.key.in_(keys), LockRow.holder_run == run, LockRow.fence == fence)
    count: int = (await session.execute(query)).scalar_one()
    return count == len(keys)


async def _let_go(tx: Tx, keys: Sequence[str], run: RunId) -> list[str]:
    gone = await tx.session.scalars(
        delete(LockRow).where(LockRow.key.in_(keys), LockRow.holder_run == run).returning(LockRow.key)
    )
    freed = sorted(gone)
    for key in freed:
        tx.audit(actor="daytwo", action="lock.released", subject=f"lock:{key}", facts={"run": run})
    return freed


async def _state(tx: Tx, want: Want) -> list[_Key]:
    rows = await tx.session.execute(_STATE, {"keys": list(want.keys), "run": want.run})
    return [
        _Key(
            row.key,
            RunId(row.holder_run) if row.holder_run is not None else None,
            row.hold_id,
            row.fence,
            row.until,
            row.mine,
            row.superseded_by,
            row.before,
        )
        for row in rows
    ]


async def _enqueue(tx: Tx, want: Want, place: int | None, *, aside: bool) -> None:
    made = insert(LockQueueRow).from_select(
        ["key", "run_id", "keys", "place", "first", "priority", "series", "asked_at", "since", "aside"],
        select(
            func.unnest(literal(list(want.keys), ARRAY(Text))),
            literal(want.run),
            literal(list(want.keys), ARRAY(Text)),
            select(PLACE.next_value()).scalar_subquery() if place is None else literal(place),
            literal(want.first),
            literal(want.priority),
            literal(want.series, Text),
            literal(want.asked_at),
            literal(tx.now),
            literal(aside),
        ),
    )
    await tx.session.execute(made.on_conflict_do_update(index_elements=["key", "run_id"], set_={"aside": aside}))


def _its_turn(state: Sequence[_Key]) -> bool:
    return all(one.free and one.before == 0 for one in state)


def _queued(state: Sequence[_Key]) -> Queued:
    taken = [one for one in state if not one.free]
    ends = [one.until for one in taken if one.until is not None]
    return Queued(
        max(one.before for one in state) + 1,
        next((one.holder for one in taken if one.holder is not None), None),
        min(ends, default=None),
    )


async def _series(tx: Tx, want: Want, mine: int | None) -> tuple[RunId | None, int | None]:
    """A newer run of the series that waits; else the older ones are superseded, and their first place is ours."""
    rows = (
        await tx.session.execute(
            select(LockQueueRow.run_id, LockQueueRow.asked_at, LockQueueRow.place).where(
                LockQueueRow.key == want.keys[0],
                LockQueueRow.series == want.series,
                LockQueueRow.keys == list(want.keys),
                LockQueueRow.run_id != want.run,
                LockQueueRow.superseded_by.is_(None),
            )
        )
    ).all()
    newer = [row for row in rows if (row.asked_at, row.run_id) > (want.asked_at, want.run)]
    if newer:
        by = RunId(max(newer, key=lambda row: (row.asked_at, row.run_id)).run_id)
        await tx.session.execute(delete(LockQueueRow).where(LockQueueRow.run_id == want.run))
        return by, None
    if rows:
        older = [RunId(row.run_id) for row in rows]
        await tx.session.execute(
            update(LockQueueRow).where(LockQueueRow.run_id.in_(older)).values(superseded_by=want.run)
        )
        for run in older:
            tx.audit(actor="daytwo", action="lock.superseded", subject=f"run:{run}", facts={"by": want.run})
            wake(tx, run)
        mine = min([*(row.place for row in rows), *([mine] if mine is not None else [])])
    return None, mine
