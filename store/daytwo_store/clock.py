"""The one clock that decides expiry, deadlines and leases (design §8): the database's, or a test's."""

from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


class Clock(Protocol):
    async def now(self, session: AsyncSession) -> datetime: ...


class DatabaseClock:
    """PostgreSQL's clock: the same for every process, whatever their own clocks say (case R34)."""

    async def now(self, session: AsyncSession) -> datetime:
        moment: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        return moment.astimezone(UTC)


class GivenClock:
    """A clock that somebody else moves: the time-skipping server of the workflow tests."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    async def now(self, session: AsyncSession) -> datetime:  # noqa: ARG002 - the protocol hands it in
        return self.moment
