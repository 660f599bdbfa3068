"""Holds: a person keeps a key to themselves, for a reason, until a time or until somebody ends it.

A hold takes its key at once when nobody has it, even before a run that waits for others, too. Else it is next.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.errors import Conflict, NotFound, Rejected
from daytwo_store.ids import PrincipalId, mint
from daytwo_store.lock_handover import give_to_hold, pass_on, serialise
from daytwo_store.tables import LockHoldRow, LockRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    key: str
    by: PrincipalId
    reason: str
    until: datetime | None  # None: until somebody ends it
    idempotency_key: str | None = None


async def hold(tx: Tx, asked: Holding) -> LockHoldRow:
    """Take the key, or be the next to have it. Raises `Conflict` when somebody holds it or is next already."""
    await serialise(tx.session, [asked.key])
    if asked.idempotency_key is not None:
        before = await tx.session.scalar(
            select(LockHoldRow).where(LockHoldRow.by == asked.by, LockHoldRow.idempotency_key == asked.idempotency_key)
        )
        if before is not None:
            return _the_same(before, asked)
    await end_those_over(tx, [asked.key], serialised=[asked.key])
    other = await tx.session.scalar(
        select(LockHoldRow).where(LockHoldRow.key == asked.key, LockHoldRow.ended_at.is_(None))
    )
    if other is not None:
        raise Conflict(
            f"{asked.key} is held by a person already (hold {other.id}: {other.reason}). Nothing was changed. "
            "Agree with them, or end that hold first."
        )
    row = LockHoldRow(
        id=mint("h"),
        key=asked.key,
        by=asked.by,
        reason=asked.reason,
        idempotency_key=asked.idempotency_key,
        asked_at=tx.now,
        until=asked.until,
    )
    tx.session.add(row)
    await tx.session.flush()
    facts = {"hold": row.id, "until": asked.until.isoformat() if asked.until else "released"}
    tx.audit(actor=asked.by, action="lock.hold_asked", subject=f"lock:{asked.key}", facts=facts)
    if await tx.session.get(LockRow, asked.key) is None:
        await give_to_hold(tx, asked.key, row.id)
    return row


def _the_same(before: LockHoldRow, asked: Holding) -> LockHoldRow:
    if (before.key, before.reason) != (asked.key, asked.reason):
        raise Rejected(
            f"This Idempotency-Key was used for another hold ({before.id}). Nothing was changed. Use a new key."
        )
    return before


async def get(session: AsyncSession, hold_id: str) -> LockHoldRow:
    """Raises `NotFound`."""
    row = await session.get(LockHoldRow, hold_id)
    if row is None:
        raise no_such()
    return row


def no_such() -> NotFound:
    return NotFound("There is no such hold, or you may not see it. Nothing was changed.")


async def end(tx: Tx, hold_id: str, *, by: str, why: str = "") -> LockHoldRow:
    """End a hold; who is next has the key from now on. Ending it twice is the same. Raises `NotFound`."""
    row = await get(tx.session, hold_id)
    await serialise(tx.session, [row.key])
    await tx.session.refresh(row)
    if row.ended_at is None:
        await _end(tx, row, by=by, why=why)
        await pass_on(tx, [row.key], serialised=[row.key])
    return row


async def end_those_over(tx: Tx, keys: Collection[str], *, serialised: Collection[str]) -> None:
    """End the holds of these keys whose time is over. The keys have been serialised."""
    over = await tx.session.scalars(
        select(LockHoldRow).where(
            LockHoldRow.key.in_(keys), LockHoldRow.ended_at.is_(None), LockHoldRow.until <= tx.now
        )
    )
    ended = over.all()
    for row in ended:
        await _end(tx, row, by="daytwo")
    if ended:
        await pass_on(tx, [row.key for row in ended], serialised=serialised)


async def over(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[LockHoldRow]:
    """Holds whose time is over and that nobody has ended."""
    query = select(LockHoldRow).where(LockHoldRow.ended_at.is_(None), LockHoldRow.until <= now)
    return (await session.scalars(query.order_by(LockHoldRow.until).limit(limit))).all()


async def _end(tx: Tx, row: LockHoldRow, *, by: str, why: str = "") -> None:
    row.ended_at, row.ended_by = tx.now, by
    await tx.session.flush()
    gone = await tx.session.execute(delete(LockRow).where(LockRow.hold_id == row.id).returning(LockRow.key))
    had = gone.scalar_one_or_none() is not None
    action = "lock.released" if had else "lock.hold_withdrawn"
    tx.audit(actor=by, action=action, subject=f"lock:{row.key}", facts={"hold": row.id} | ({"why": why} if why else {}))
