"""External runs as their poller sees them: which are open, which are wanted, and which could not be read.

Silence is neither success nor failure, and it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import ExternalRunId, RunId
from daytwo_store.states import RUN_ENDS, ExternalStatus
from daytwo_store.tables import ExternalRunRow, RunRow, WebhookRow


@dataclass(frozen=True, slots=True)
class Project:
    """One repository, with how many external runs in it have not ended."""

    name: str
    runs: int


async def open_projects(session: AsyncSession, connection: str) -> list[Project]:
    """Where this connection has external runs that have not ended, of runs that have not either."""
    query = select(ExternalRunRow.project, func.count()).where(_is_open(connection)).group_by(ExternalRunRow.project)
    return [Project(name, count) for name, count in await session.execute(query.order_by(ExternalRunRow.project))]


async def open_in(session: AsyncSession, connection: str, project: str) -> Sequence[ExternalRunRow]:
    """The external runs of one project that have not ended."""
    query = select(ExternalRunRow).where(_is_open(connection), ExternalRunRow.project == project)
    return (await session.scalars(query)).all()


async def watched(session: AsyncSession, connection: str, *, now: datetime, limit: int) -> Sequence[ExternalRunRow]:
    """Open external runs that somebody looks at right now, those first that were looked at the longest ago."""
    query = select(ExternalRunRow).where(_is_open(connection), ExternalRunRow.watched_until > now)
    return (await session.scalars(query.order_by(ExternalRunRow.looked_at.nulls_first()).limit(limit))).all()


async def unwatched(
    session: AsyncSession, connection: str, *, before: datetime, limit: int
) -> Sequence[ExternalRunRow]:
    """Running external runs whose tree was not asked for since `before`, those first where that is the longest ago."""
    query = select(ExternalRunRow).where(
        _is_open(connection),
        ExternalRunRow.status == ExternalStatus.RUNNING,
        or_(ExternalRunRow.looked_at.is_(None), ExternalRunRow.looked_at <= before),
        ExternalRunRow.gone_at.is_(None),
    )
    return (await session.scalars(query.order_by(ExternalRunRow.looked_at.nulls_first()).limit(limit))).all()


async def named(session: AsyncSession, connection: str, wanted: Sequence[ExternalRunId]) -> Sequence[ExternalRunRow]:
    """Those of these that have not ended."""
    return (
        await session.scalars(select(ExternalRunRow).where(_is_open(connection), ExternalRunRow.id.in_(wanted)))
    ).all()


async def unknown(session: AsyncSession, connection: str, wanted: Sequence[ExternalRunId]) -> Sequence[ExternalRunId]:
    """Those of these that are no attempt's."""
    query = select(ExternalRunRow.id).where(ExternalRunRow.connection == connection, ExternalRunRow.id.in_(wanted))
    known = set(await session.scalars(query)) if wanted else set()
    return [run for run in wanted if run not in known]


async def asked_after_end(
    session: AsyncSession, connection: str, *, now: datetime, limit: int
) -> Sequence[ExternalRunRow]:
    """Ended external runs that the CI system tells of again: somebody may have re-run them there."""
    query = select(ExternalRunRow).where(
        ExternalRunRow.connection == connection,
        ExternalRunRow.ended_at.is_not(None),
        ExternalRunRow.wanted_at > ExternalRunRow.ended_at,
        ExternalRunRow.wanted_at <= now,
    )
    return (await session.scalars(query.limit(limit))).all()


async def watch(tx: Tx, run: RunId, *, until: datetime) -> None:
    """Somebody looks at this run at least until then."""
    await tx.session.execute(
        update(ExternalRunRow)
        .where(ExternalRunRow.run_id == run, ExternalRunRow.ended_at.is_(None))
        .values(watched_until=until)
    )


async def looked(tx: Tx, connection: str, external: ExternalRunId, *, began: datetime) -> None:
    """Its job tree was asked for."""
    await tx.session.execute(
        update(ExternalRunRow)
        .where(ExternalRunRow.connection == connection, ExternalRunRow.id == external)
        .values(looked_at=began)
    )


async def saw_no_change(tx: Tx, connection: str, seen: Sequence[ExternalRunId], *, began: datetime) -> None:
    """A read that began at `began` told of these what is known already. One statement for all, and no audit.

    Deliveries about them that came before it are answered by it.
    """
    await tx.session.execute(
        update(ExternalRunRow)
        .where(
            ExternalRunRow.connection == connection,
            ExternalRunRow.id.in_(seen),
            ExternalRunRow.ended_at.is_(None),
            or_(ExternalRunRow.seen_at.is_(None), ExternalRunRow.seen_at <= began),
        )
        .values(seen_at=began)
    )
    await tx.session.execute(
        update(WebhookRow)
        .where(
            WebhookRow.connection == connection,
            WebhookRow.external_id.in_(seen),
            WebhookRow.consumed_at.is_(None),
            WebhookRow.received_at <= began,
        )
        .values(consumed_at=tx.now)
    )


async def mark_unseen(tx: Tx, connection: str, wanted: Sequence[ExternalRunId], *, began: datetime) -> None:
    """A read of these that began at `began` failed: their status is unknown from now on, until a read tells it.

    One that has ended, that a newer read has seen, or that was unseen before stays as it is. One that somebody writes
    at this moment is passed over, so that nobody waits in a circle; the next failing read marks it.
    """
    rows = await tx.session.scalars(
        select(ExternalRunRow)
        .where(
            ExternalRunRow.connection == connection,
            ExternalRunRow.id.in_(wanted),
            ExternalRunRow.ended_at.is_(None),
            ExternalRunRow.unseen_since.is_(None),
            or_(ExternalRunRow.seen_at.is_(None), ExternalRunRow.seen_at <= began),
        )
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        row.unseen_since = tx.now
        tx.notify(Topic.RUN, row.run_id)


def _is_open(connection: str) -> ColumnElement[bool]:
    """It has not ended, and its run has not either: what a run left behind by force is not polled for ever."""
    ends = [str(state) for state in RUN_ENDS]
    goes_on = select(RunRow.id).where(RunRow.id == ExternalRunRow.run_id, RunRow.state.not_in(ends)).exists()
    return and_(ExternalRunRow.connection == connection, ExternalRunRow.ended_at.is_(None), goes_on)
