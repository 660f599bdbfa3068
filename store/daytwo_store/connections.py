"""What all processes have to know of a connection: until when it is left alone, what it allows, how it is polled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.tables import ConnectionRow

LATE_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What the vendor allows, as one process has just learnt it from its answers."""

    limit: int | None
    remaining: int | None
    resets_at: datetime | None
    held_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Polling:
    """What the poller of a connection does."""

    pace: float  # seconds between two looks at one project
    projects: int
    open_runs: int
    requests: int  # of its process in the last hour
    streams: str | None


async def held(session: AsyncSession, name: str, *, now: datetime) -> float | None:
    """Seconds that the connection still has to be left alone for; None when it may be asked."""
    until: datetime | None = await session.scalar(select(ConnectionRow.held_until).where(ConnectionRow.name == name))
    return (until - now).total_seconds() if until is not None and until > now else None


async def allowance(session: AsyncSession, name: str) -> Allowance | None:
    """As it was last learnt, by any process."""
    row = await session.get(ConnectionRow, name, populate_existing=True)
    if row is None:
        return None
    return Allowance(limit=row.limit, remaining=row.remaining, resets_at=row.resets_at, held_until=row.held_until)


async def learn(tx: Tx, name: str, told: Allowance) -> None:
    """Keep what was learnt. A wait is never made shorter: two processes may have been told different times."""
    values = {"limit": told.limit, "remaining": told.remaining, "resets_at": told.resets_at, "told_at": tx.now}
    made = insert(ConnectionRow).values(name=name, held_until=told.held_until, **values)
    longer = func.greatest(ConnectionRow.held_until, made.excluded.held_until)
    await tx.session.execute(made.on_conflict_do_update(index_elements=["name"], set_={**values, "held_until": longer}))


async def report(tx: Tx, name: str, polling: Polling) -> None:
    """Keep what the poller does, for people."""
    values = {
        "polled_at": tx.now,
        "pace": polling.pace,
        "projects": polling.projects,
        "open_runs": polling.open_runs,
        "requests": polling.requests,
        "streams": polling.streams,
    }
    made = insert(ConnectionRow).values(name=name, **values)
    await tx.session.execute(made.on_conflict_do_update(index_elements=["name"], set_=values))


async def listed_late(tx: Tx, name: str, seconds: float) -> None:
    """A run was first listed so late. The most of a day is kept, so that whoever looks now and then sees it."""
    made = insert(ConnectionRow).values(name=name, listing_lag=seconds, listing_lag_at=tx.now)
    values = {"listing_lag": seconds, "listing_lag_at": tx.now}
    less = or_(
        ConnectionRow.listing_lag.is_(None),
        ConnectionRow.listing_lag <= seconds,
        ConnectionRow.listing_lag_at < tx.now - LATE_FOR,
    )
    await tx.session.execute(made.on_conflict_do_update(index_elements=["name"], set_=values, where=less))


async def everything(session: AsyncSession) -> Sequence[ConnectionRow]:
    """Every connection that anything is known of."""
    return (await session.scalars(select(ConnectionRow).order_by(ConnectionRow.name))).all()
