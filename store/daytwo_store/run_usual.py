"""How long an action's runs usually take and how often they succeed, counted by the database over the latest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.states import RunState
from daytwo_store.tables import EntityRow, RunRow

MOST: Final = 50  # runs that are looked at
_TOLD: Final = (RunState.SUCCEEDED, RunState.FAILED)  # what somebody stopped says nothing about the action


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    runs: int
    succeeded: int
    quick: timedelta | None  # a quarter of those that succeeded took less
    slow: timedelta | None  # and a quarter took more


async def usual(session: AsyncSession, action: str, *, since: datetime, by: Onlooker) -> Usual:
    """Of the latest runs since then that the onlooker may see, so a number tells nothing about what is hidden."""
    latest = (
        select(RunRow.state, extract("epoch", RunRow.ended_at - RunRow.started_at).label("took"))
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(
            visible(by.belongs, by.principal),
            RunRow.action == action,
            RunRow.created_at >= since,
            RunRow.state.in_([str(state) for state in _TOLD]),
            RunRow.undo_of.is_(None),
        )
        .order_by(RunRow.created_at.desc(), RunRow.id.desc())
        .limit(MOST)
        .subquery()
    )
    good = latest.c.state == RunState.SUCCEEDED
    took = [func.percentile_cont(share).within_group(latest.c.took).filter(good) for share in (0.25, 0.75)]
    row = (await session.execute(select(func.count(), func.count().filter(good), *took))).one()
    quick, slow = (None if value is None else timedelta(seconds=float(value)) for value in row[2:])
    return Usual(runs=row[0], succeeded=row[1], quick=quick, slow=slow)
