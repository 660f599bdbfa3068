"""How many runs there were, how they ended and how long they took: by action, and over time, counted by the database.

Only runs that the onlooker may see are counted, so a number tells nothing about what is hidden from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ARRAY, ColumnElement, DateTime, cast, extract, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.run_listing import RunFilter, narrowed
from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import EntityRow, RunRow

_ENDS: Final = [str(state) for state in RUN_ENDS]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """`action` None: all of them; `part` None: the whole stretch, else the number of its part, from 0."""

    action: str | None
    part: int | None
    runs: int
    succeeded: int
    failed: int
    open: int
    median: timedelta | None  # of those that succeeded, from start to end


async def tally(
    session: AsyncSession, wanted: RunFilter, parts: Sequence[datetime], *, until: datetime, by: Onlooker
) -> list[Tally]:
    """Of runs that were asked for from the first of `parts` on, which are the beginnings of its parts, until before
    `until`: by action, by part, by both, and altogether. What is empty is left out."""
    part = func.width_bucket(RunRow.created_at, cast(list(parts), ARRAY(DateTime(timezone=True)))) - 1
    took = extract("epoch", RunRow.ended_at - RunRow.started_at)
    counted = (
        select(RunRow.action, part.label("part"), RunRow.state, took.label("took"))
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(
            visible(by.belongs, by.principal),
            RunRow.created_at >= parts[0],
            RunRow.created_at < until,
            *narrowed(wanted),
        )
        .subquery()
    )
    seen = counted.c
    grouped = func.grouping_sets(tuple_(seen.action, seen.part), tuple_(seen.action), tuple_(seen.part), text("()"))
    succeeded = seen.state == RunState.SUCCEEDED
    query = select(
        seen.action,
        seen.part,
        func.count().label("runs"),
        _number(succeeded).label("succeeded"),
        _number(seen.state == RunState.FAILED).label("failed"),
        _number(seen.state.not_in(_ENDS)).label("open"),
        func.percentile_cont(0.5).within_group(seen.took).filter(succeeded).label("median"),
    ).group_by(grouped)
    return [
        Tally(
            action=row.action,
            part=row.part,
            runs=row.runs,
            succeeded=row.succeeded,
            failed=row.failed,
            open=row.open,
            median=None if row.median is None else timedelta(seconds=float(row.median)),
        )
        for row in await session.execute(query)
    ]


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)
