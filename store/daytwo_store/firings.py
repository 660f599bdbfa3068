"""Each time that a schedule was due, and what came of it: the row decides that it is one run."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.engine import Tx
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.states import FIRING_MOVES, FIRING_OPEN, RUN_ENDS, FiringState, check_move
from daytwo_store.tables import FiringRow, Json, RunRow, ScheduleRow

_OPEN: Final = sorted(FIRING_OPEN)
_ENDS: Final = sorted(RUN_ENDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Time:
    """A time at which a schedule was due; `count` of them until `last_at` when they were missed together."""

    schedule: str
    at: datetime
    state: FiringState
    asked: Json | None = None
    why: str | None = None
    count: int = 1
    last_at: datetime | None = None
    until: datetime | None = None  # later than this it does not begin
    by: PrincipalId | None = None
    run: RunId | None = None


async def note(tx: Tx, time: Time) -> bool:
    """Write it down; false when it was before, and then that stays."""
    made = insert(FiringRow).values(
        schedule=time.schedule,
        at=time.at,
        state=time.state,
        why=time.why,
        count=time.count,
        last_at=time.last_at,
        asked=time.asked,
        until=time.until,
        run_id=time.run,
        key=f"firing-{secrets.token_urlsafe(24)}",
        by=time.by,
        settled_at=None if time.state in FIRING_OPEN else tx.now,
    )
    found = await tx.session.scalar(made.on_conflict_do_nothing().returning(FiringRow.at))
    return found is not None


async def anything(session: AsyncSession, now: datetime) -> bool:
    """Is there anything for a round: a schedule that is due, a time that is open, an end that is not counted?"""
    due = exists().where(ScheduleRow.removed_at.is_(None), ScheduleRow.paused_at.is_(None), ScheduleRow.next_at <= now)
    still = exists().where(_is_open(now))
    over = exists().where(
        FiringRow.state == FiringState.STARTED,
        FiringRow.counted_at.is_(None),
        FiringRow.run_id == RunRow.id,
        RunRow.ended_at.is_not(None),
    )
    return bool(await session.scalar(select(or_(due, still, over))))


def _is_open(now: datetime) -> ColumnElement[bool]:
    return and_(FiringRow.state.in_(_OPEN), or_(FiringRow.retry_at.is_(None), FiringRow.retry_at <= now))


async def open_ones(session: AsyncSession, now: datetime, *, limit: int) -> Sequence[FiringRow]:
    """Those of which something has still to come, without those that are put off, the oldest first."""
    query = select(FiringRow).where(_is_open(now)).order_by(FiringRow.at, FiringRow.schedule).limit(limit)
    return (await session.scalars(query)).all()


async def hold(tx: Tx, schedule: str, at: datetime) -> FiringRow:
    """Its row, locked until the transaction ends."""
    return (
        await tx.session.execute(
            select(FiringRow)
            .where(FiringRow.schedule == schedule, FiringRow.at == at)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one()


def move(tx: Tx, row: FiringRow, state: FiringState, *, why: str | None = None) -> None:
    """Change the state of a held firing. Raises `IllegalMove`."""
    old = FiringState(row.state)
    if old is not state:
        check_move(FIRING_MOVES, old, state)
    row.state, row.why = state, why
    row.settled_at = None if state in FIRING_OPEN else tx.now


async def going_on(session: AsyncSession, schedule: str) -> RunRow | None:
    """The newest run of a schedule that has not ended."""
    found: RunRow | None = await session.scalar(
        select(RunRow)
        .join(FiringRow, FiringRow.run_id == RunRow.id)
        .where(FiringRow.schedule == schedule, RunRow.state.not_in(_ENDS))
        .order_by(FiringRow.at.desc())
        .limit(1)
    )
    return found


async def before(session: AsyncSession, row: FiringRow) -> FiringRow | None:
    """An older one of the same schedule of which something has still to come."""
    found: FiringRow | None = await session.scalar(
        select(FiringRow)
        .where(FiringRow.schedule == row.schedule, FiringRow.at < row.at, FiringRow.state.in_(_OPEN))
        .order_by(FiringRow.at)
        .limit(1)
    )
    return found


async def ended(tx: Tx, *, limit: int) -> Sequence[tuple[FiringRow, RunRow]]:
    """Held firings whose runs have ended and were not counted yet, in the order in which they ended."""
    query = (
        select(FiringRow, RunRow)
        .join(RunRow, RunRow.id == FiringRow.run_id)
        .where(FiringRow.state == FiringState.STARTED, FiringRow.counted_at.is_(None), RunRow.ended_at.is_not(None))
        .order_by(RunRow.ended_at, FiringRow.at)
        .limit(limit)
        .with_for_update(of=FiringRow, skip_locked=True)
    )
    return [(firing, run) for firing, run in (await tx.session.execute(query)).all()]


async def page(
    session: AsyncSession, schedule: str, *, before: datetime | None, limit: int
) -> Sequence[tuple[FiringRow, RunRow | None]]:
    """Of one schedule with their runs, the newest first."""
    query = select(FiringRow, RunRow).outerjoin(RunRow, RunRow.id == FiringRow.run_id)
    query = query.where(FiringRow.schedule == schedule).order_by(FiringRow.at.desc()).limit(limit)
    if before is not None:
        query = query.where(FiringRow.at < before)
    return [(firing, run) for firing, run in (await session.execute(query)).all()]


async def newest(session: AsyncSession, schedules: Collection[str]) -> dict[str, tuple[FiringRow, RunRow | None]]:
    """The last firing of each, with its run."""
    last = (
        select(FiringRow.schedule, func.max(FiringRow.at).label("at"))
        .where(FiringRow.schedule.in_(set(schedules)))
        .group_by(FiringRow.schedule)
        .subquery()
    )
    query = (
        select(FiringRow, RunRow)
        .join(last, and_(last.c.schedule == FiringRow.schedule, last.c.at == FiringRow.at))
        .outerjoin(RunRow, RunRow.id == FiringRow.run_id)
    )
    return {row.schedule: (row, run) for row, run in (await session.execute(query)).all()}


async def prune(tx: Tx, *, before: datetime) -> None:
    """Forget times of which nothing comes any more; their runs stay."""
    await tx.session.execute(delete(FiringRow).where(FiringRow.at < before, FiringRow.settled_at < before))
