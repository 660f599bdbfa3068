"""The one clock that decides expiry, deadlines and leases (design §8): the database's, or a test's."""

import time
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


class Clock(Protocol):
    async def now(self, session: AsyncSession) -> datetime: ...

    def seconds(self) -> float:
        """Since 1970, without asking: for signatures and tokens, which are checked before the database is."""


class DatabaseClock:
    """PostgreSQL's clock: the same for every process, whatever their own clocks say (case R34)."""

    def __init__(self) -> None:
        self._told: tuple[float, float] | None = None  # what it said last, and when by this process's monotonic clock

    async def now(self, session: AsyncSession) -> datetime:
        moment: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        self._told = moment.timestamp(), time.monotonic()
        return moment.astimezone(UTC)

    def seconds(self) -> float:
        """What it said last, and what has passed since; this process's own clock before it was ever asked."""
        if self._told is None:
            return time.time()
        said, at = self._told
        return said + time.monotonic() - at


class GivenClock:
    """A clock that somebody else moves: the time-skipping server of the workflow tests."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    async def now(self, session: AsyncSession) -> datetime:  # noqa: ARG002 - the protocol hands it in
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()
