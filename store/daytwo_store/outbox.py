"""Pokes that Temporal has not been told yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_store.tables import OutboxRow


@dataclass(frozen=True, slots=True)
class Poke:
    numbers: tuple[int, ...]  # several pokes of one run are told once
    run: RunId


async def waiting(store: Store, *, older_than: timedelta, limit: int = 200) -> Sequence[Poke]:
    """Pokes that have waited for so long; whoever told Temporal deletes them with `forget`."""
    async with store.read() as session:
        now = await store.clock.now(session)
        rows = (
            await session.scalars(
                select(OutboxRow).where(OutboxRow.at <= now - older_than).order_by(OutboxRow.n).limit(limit)
            )
        ).all()
    runs: dict[RunId, list[int]] = {}
    for row in rows:
        runs.setdefault(RunId(row.run_id), []).append(row.n)
    return [Poke(tuple(numbers), run) for run, numbers in runs.items()]


async def forget(store: Store, numbers: Sequence[int]) -> None:
    async with store.write() as tx:
        await tx.session.execute(delete(OutboxRow).where(OutboxRow.n.in_(numbers)))
