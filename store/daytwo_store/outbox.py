"""Pokes that Temporal has not been told yet."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from daytwo_store.engine import Poke, Store
from daytwo_store.ids import RunId
from daytwo_store.tables import OutboxRow


async def waiting(store: Store, *, older_than: timedelta, limit: int = 500) -> Sequence[Poke]:
    """Pokes that have waited for so long, oldest first; whoever told Temporal deletes them with `forget`."""
    async with store.read() as session:
        now = await store.clock.now(session)
        rows = await session.scalars(
            select(OutboxRow).where(OutboxRow.at <= now - older_than).order_by(OutboxRow.n).limit(limit)
        )
        return [Poke(row.n, RunId(row.run_id)) for row in rows]


async def forget(store: Store, numbers: Collection[int]) -> None:
    """Temporal has been told."""
    async with store.write() as tx:
        await tx.session.execute(delete(OutboxRow).where(OutboxRow.n.in_(numbers)))
