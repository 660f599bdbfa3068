"""A company whose clock tests move, and schedules of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from company import Company
from pydantic import JsonValue
from sqlalchemy import select

from daytwo_store import entities, runs, schedules
from daytwo_store.clock import GivenClock
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.states import RunState
from daytwo_store.tables import FiringRow, RunRow, ScheduleRow
from daytwo_workflows.life import schedule_changes
from daytwo_workflows.life.firing import fire
from daytwo_workflows.life.schedule_changes import Draft, Hand

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEPLOY: dict[str, JsonValue] = {
    "action": "deploy",
    "entity": "service:shop",
    "inputs": {"version": "1.1.0", "environment": "environment:staging"},
    "cron": "0 * * * *",
    "timezone": "Europe/Berlin",
}


@dataclass
class Timetable:
    company: Company
    clock: GivenClock

    async def hand(self, name: str) -> Hand:
        return Hand(principal=await self.company.person(name), ref=f"person:{name}")

    async def make(self, by: str = "ana", **spec: JsonValue) -> str:
        """A deploy of the shop to staging, every hour."""
        key = f"key-{next(self.company.numbers)}"
        draft = Draft(title="Hourly", spec={**DEPLOY, **spec})
        return (await schedule_changes.make(self.company.life, draft, by=await self.hand(by), key=key)).id

    async def at(self, moment: datetime | timedelta) -> int:
        """It is then, or so much later; a round. How many runs were begun."""
        self.clock.moment = moment if isinstance(moment, datetime) else self.clock.moment + moment
        return await fire(self.company.life)

    async def row(self, schedule: str) -> ScheduleRow:
        async with self.company.store.read() as session:
            return await schedules.get(session, schedule)

    async def firings(self, schedule: str) -> Sequence[FiringRow]:
        """The oldest first."""
        async with self.company.store.read() as session:
            query = select(FiringRow).where(FiringRow.schedule == schedule).order_by(FiringRow.at)
            return (await session.scalars(query)).all()

    async def states(self, schedule: str) -> list[str]:
        """'12:00 started' …, on the clocks of UTC."""
        return [f"{one.at:%H:%M} {one.state}" for one in await self.firings(schedule)]

    async def runs(self) -> Sequence[RunRow]:
        async with self.company.store.read() as session:
            return (await session.scalars(select(RunRow).order_by(RunRow.created_at, RunRow.id))).all()

    async def leave(self, name: str) -> None:
        """They are in the catalog no longer."""
        async with self.company.store.write() as tx:
            await entities.delete(tx, EntityRef(f"person:{name}"), by="daytwo")

    async def end(self, run: str, state: RunState = RunState.SUCCEEDED) -> None:
        """The run ends so, however that came."""
        async with self.company.store.write() as tx:
            row = await runs.hold(tx, RunId(run))
            if row.state != RunState.RUNNING:
                runs.move(tx, row, RunState.RUNNING)
            await runs.end(tx, row, state, reason="the test says so")
