"""Deliveries that were refused: why, from where, how often and when. Nothing of what they said.

Anybody may send them, so what is kept is bounded: the same from the same address is one row that counts, and of a
connection only the newest rows stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.tables import RefusedWebhookRow

MOST: Final = 100  # rows of one connection
_LONGEST_WHY: Final = 400  # characters
_LONGEST_SOURCE: Final = 64
_NEWEST_FIRST: Final = (RefusedWebhookRow.last_at.desc(), RefusedWebhookRow.why, RefusedWebhookRow.source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    connection: str
    why: str
    source: str  # the address that the request came from
    size: int  # bytes of the last body, as far as it was read or announced
    times: int


async def keep(tx: Tx, refused: Sequence[Refused]) -> None:
    """Count these, and forget what is over the bound."""
    if not refused:
        return
    rows: dict[tuple[str, str, str], dict[str, object]] = {}
    for one in refused:  # what is the same within the bounds is one row
        key = (one.connection, one.why[:_LONGEST_WHY], one.source[:_LONGEST_SOURCE])
        times = one.times + cast("int", rows[key]["times"]) if key in rows else one.times
        names = dict(zip(("connection", "why", "source"), key, strict=True))
        rows[key] = {**names, "size": one.size, "times": times, "first_at": tx.now, "last_at": tx.now}
    made = insert(RefusedWebhookRow).values([rows[key] for key in sorted(rows)])
    again = {
        "size": made.excluded.size,
        "times": RefusedWebhookRow.times + made.excluded.times,
        "last_at": tx.now,
    }
    await tx.session.execute(made.on_conflict_do_update(index_elements=["connection", "why", "source"], set_=again))
    for connection in sorted({one.connection for one in refused}):
        await _forget(tx, connection)


async def _forget(tx: Tx, connection: str) -> None:
    row = RefusedWebhookRow
    over = select(row.why, row.source).where(row.connection == connection).order_by(*_NEWEST_FIRST).offset(MOST)
    await tx.session.execute(delete(row).where(row.connection == connection, tuple_(row.why, row.source).in_(over)))


async def newest(session: AsyncSession, connection: str) -> Sequence[RefusedWebhookRow]:
    """All that is kept of a connection, the last one first."""
    row = RefusedWebhookRow
    rows = await session.scalars(select(row).where(row.connection == connection).order_by(*_NEWEST_FIRST).limit(MOST))
    return rows.all()


async def prune(tx: Tx, *, before: datetime) -> None:
    """Forget what was refused last before that."""
    await tx.session.execute(delete(RefusedWebhookRow).where(RefusedWebhookRow.last_at < before))
