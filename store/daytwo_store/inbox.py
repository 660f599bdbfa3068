"""The webhook inbox (A8): stored once per delivery, consumed by a read that began after it came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.ids import ExternalRunId, RunId
from daytwo_store.states import RUN_ENDS
from daytwo_store.tables import ExternalRunRow, RunRow, WebhookRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    connection: str
    delivery: str
    external: ExternalRunId
    project_id: str
    event: str


async def store(tx: Tx, delivery: Delivery) -> bool:
    """Keep a delivery; false when it was here before."""
    made = await tx.session.execute(
        insert(WebhookRow)
        .values(
            connection=delivery.connection,
            delivery=delivery.delivery,
            external_id=delivery.external,
            event=delivery.event,
            project_id=delivery.project_id,
            received_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(WebhookRow.delivery)
    )
    return made.scalar_one_or_none() is not None


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the run that a delivery is about: now when `after` is zero, else when it has passed."""

    run: RunId
    after: timedelta


async def want_look(
    tx: Tx, delivery: Delivery, *, at_most_every: timedelta, unwatched: timedelta | None = timedelta(0)
) -> Look | None:
    """When to look because of this delivery; None when its run is not open. One look answers many deliveries.

    `unwatched`: so much later where nobody has the run open; None: not because of this one, but with the next look.
    """
    row = (
        await tx.session.execute(
            select(ExternalRunRow)
            .where(
                ExternalRunRow.connection == delivery.connection,
                ExternalRunRow.id == delivery.external,
                ExternalRunRow.project_id == delivery.project_id,
                ExternalRunRow.ended_at.is_(None),
            )
            .with_for_update(skip_locked=True)
        )
    ).scalar_one_or_none()
    if row is None:
        return None
    if row.watched_until is None or row.watched_until <= tx.now:
        if unwatched is None:
            return None
        if unwatched:
            return Look(RunId(row.run_id), unwatched)
    wait = row.wanted_at + at_most_every - tx.now if row.wanted_at is not None else timedelta(0)
    if wait > timedelta(0):
        return Look(RunId(row.run_id), wait)
    row.wanted_at = tx.now
    return Look(RunId(row.run_id), timedelta(0))


async def want_after_end(tx: Tx, delivery: Delivery, *, settled: timedelta, goes_on: bool) -> None:
    """An external run that has ended is told of as if it went on: somebody may have re-run it there.

    Deliveries overtake each other for as long as `settled`. One of that time that says that the run has not ended
    (`goes_on`) is looked into when it is over; any other one of that time is an old one.
    """
    ended = ExternalRunRow.ended_at
    await tx.session.execute(
        update(ExternalRunRow)
        .where(
            ExternalRunRow.connection == delivery.connection,
            ExternalRunRow.id == delivery.external,
            ExternalRunRow.project_id == delivery.project_id,
            ended.is_not(None) if goes_on else ended < tx.now - settled,
        )
        .values(wanted_at=func.greatest(tx.now, ended + settled))
    )


async def want(tx: Tx, wanted: Sequence[RunId]) -> None:
    """The next look at these runs has to read."""
    await tx.session.execute(
        update(ExternalRunRow)
        .where(ExternalRunRow.run_id.in_(wanted), ExternalRunRow.ended_at.is_(None))
        .values(wanted_at=tx.now)
    )


async def consume(
    session: AsyncSession, connection: str, external: ExternalRunId, *, until: datetime, now: datetime
) -> None:
    """A read that began at `until` has seen everything that these deliveries were about."""
    await session.execute(
        update(WebhookRow)
        .where(
            WebhookRow.connection == connection,
            WebhookRow.external_id == external,
            WebhookRow.consumed_at.is_(None),
            WebhookRow.received_at <= until,
        )
        .values(consumed_at=now)
    )


async def unanswered(
    session: AsyncSession, *, before: datetime, limit: int, about: Delivery | None = None
) -> Sequence[RunId]:
    """Open runs with deliveries that no read has answered yet (also those that came before the run was known: R28).

    Those first that were wanted the longest ago (`want`), so that none is left out for ever when there are many.
    `about`: only the run that this one is about.
    """
    query = select(ExternalRunRow.run_id)
    if about is not None:
        query = query.where(ExternalRunRow.connection == about.connection, ExternalRunRow.id == about.external)
    rows = await session.scalars(
        query.join(RunRow, RunRow.id == ExternalRunRow.run_id)
        .where(
            WebhookRow.consumed_at.is_(None),
            WebhookRow.received_at <= before,
            WebhookRow.project_id == ExternalRunRow.project_id,
            ExternalRunRow.ended_at.is_(None),
            RunRow.state.not_in([str(state) for state in RUN_ENDS]),
        )
        .group_by(ExternalRunRow.run_id)
        .order_by(func.min(func.coalesce(ExternalRunRow.wanted_at, ExternalRunRow.known_at)), ExternalRunRow.run_id)
        .limit(limit)
    )
    return [RunId(run) for run in rows]


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery, and the run of ours that it is about."""

    row: WebhookRow
    run: str | None


async def page(
    session: AsyncSession, connection: str, *, before: tuple[datetime, str] | None, limit: int
) -> list[Received]:
    """Deliveries of a connection, newest first; `before` is (received_at, delivery) of the last one seen."""
    query = (
        select(WebhookRow, ExternalRunRow.run_id)
        .join(
            ExternalRunRow,
            (ExternalRunRow.connection == WebhookRow.connection)
            & (ExternalRunRow.id == WebhookRow.external_id)
            & (ExternalRunRow.project_id == WebhookRow.project_id),
            isouter=True,
        )
        .where(WebhookRow.connection == connection)
        .order_by(WebhookRow.received_at.desc(), WebhookRow.delivery.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(WebhookRow.received_at, WebhookRow.delivery) < tuple_(*before))
    return [Received(row, run) for row, run in await session.execute(query)]


async def newest(session: AsyncSession, connections: Sequence[str]) -> dict[str, datetime]:
    """When the last delivery of each of these came."""
    found = {}
    for connection in connections:
        query = select(func.max(WebhookRow.received_at)).where(WebhookRow.connection == connection)
        at: datetime | None = await session.scalar(query)
        if at is not None:
            found[connection] = at
    return found


async def prune(tx: Tx, *, before: datetime) -> None:
    """Forget deliveries that can no longer be redelivered (GitHub: three days; kept for thirty)."""
    await tx.session.execute(delete(WebhookRow).where(WebhookRow.received_at < before))
