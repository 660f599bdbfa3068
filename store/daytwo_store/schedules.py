"""Schedules as rows: made, changed, paused, taken out, and which of them are due. Whoever changes one holds its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.entities import Sees, may_see
from daytwo_store.errors import NotFound
from daytwo_store.ids import PrincipalId
from daytwo_store.notifications import Notice, tell
from daytwo_store.tables import EntityRow, Json, ScheduleRow

SYSTEM: Final = "daytwo"  # who pauses what cannot go on


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A schedule as it is to be."""

    id: str
    title: str
    owner: str
    action: str
    entity: str | None
    document: Json
    digest: str
    next_at: datetime | None
    only_at: datetime | None = None  # the one time, also when it is over


def not_there(schedule: str) -> NotFound:
    return NotFound(f"There is no schedule {schedule}, or you may not see it. Look at the list of schedules.")


async def get(session: AsyncSession, schedule: str) -> ScheduleRow:
    """Raises `NotFound`."""
    row: ScheduleRow | None = await session.scalar(
        select(ScheduleRow).where(ScheduleRow.id == schedule, ScheduleRow.removed_at.is_(None))
    )
    if row is None:
        raise not_there(schedule)
    return row


async def hold(tx: Tx, schedule: str) -> ScheduleRow:
    """Its row, locked until the transaction ends. Raises `NotFound`."""
    row: ScheduleRow | None = await tx.session.scalar(
        select(ScheduleRow)
        .where(ScheduleRow.id == schedule, ScheduleRow.removed_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise not_there(schedule)
    return row


async def with_key(session: AsyncSession, by: PrincipalId, key: str) -> ScheduleRow | None:
    found: ScheduleRow | None = await session.scalar(
        select(ScheduleRow).where(ScheduleRow.created_by == by, ScheduleRow.idempotency_key == key)
    )
    return found


async def serialise_key(tx: Tx, by: PrincipalId, key: str) -> None:
    """Two requests with one key go one after the other, so that the second sees what the first has made."""
    await tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"schedule {by} {key}", 1))))


async def page(
    session: AsyncSession, *, sees: Sees, owner: str | None, action: str | None, after: str | None, limit: int
) -> Sequence[ScheduleRow]:
    """By id: those about what somebody may see or about nothing, and their own."""
    about = exists().where(EntityRow.ref == ScheduleRow.entity, may_see(sees))
    query = select(ScheduleRow).where(
        ScheduleRow.removed_at.is_(None), or_(ScheduleRow.entity.is_(None), ScheduleRow.owner == owner, about)
    )
    if action is not None:
        query = query.where(ScheduleRow.action == action)
    query = query.order_by(ScheduleRow.id).limit(limit)
    return (await session.scalars(query.where(ScheduleRow.id > after) if after is not None else query)).all()


async def due(tx: Tx, *, limit: int) -> Sequence[ScheduleRow]:
    """Those whose time has come, held; what another worker holds is left to it."""
    query = (
        select(ScheduleRow)
        .where(
            ScheduleRow.removed_at.is_(None),
            ScheduleRow.paused_at.is_(None),
            ScheduleRow.next_at <= tx.now,
        )
        .order_by(ScheduleRow.next_at, ScheduleRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await tx.session.scalars(query)).all()


async def add(
    tx: Tx, made: Made, *, by: PrincipalId, key: str, body_sha256: str, writers: Sequence[str]
) -> ScheduleRow:
    """One that somebody made, in their own name."""
    row = _row(tx, made, writers)
    row.created_by = row.principal = by
    row.idempotency_key, row.body_sha256 = key, body_sha256
    tx.session.add(row)
    await tx.session.flush()
    _changed(tx, row, "schedule.made", actor=by)
    return row


def change(tx: Tx, row: ScheduleRow, made: Made, *, by: PrincipalId, writer: str | None) -> None:
    """Of a held row. Whoever changes what it asks for does not approve it."""
    _set(tx, row, made)
    if writer is not None and writer not in row.writers:
        row.writers = [*row.writers, writer]
    _changed(tx, row, "schedule.changed", actor=by)


def take(tx: Tx, row: ScheduleRow, *, by: PrincipalId, owner: str, document: Json, digest: str) -> None:
    """Of a held row: its runs are asked for in another name from now on."""
    row.principal, row.owner, row.document, row.digest = by, owner, document, digest
    row.changed_at = tx.now
    _changed(tx, row, "schedule.taken", actor=by)


def pause(tx: Tx, row: ScheduleRow, *, by: str, why: str) -> None:
    """Of a held row. Its owner is told when it is not a person who does it."""
    if row.paused_at is not None:
        return
    row.paused_at, row.paused_by, row.paused_why = tx.now, by, why
    tx.audit(actor=by, action="schedule.paused", subject=f"schedule:{row.id}", facts={"digest": row.digest})
    if by == SYSTEM:
        tell(tx, Notice.SCHEDULE_PAUSED, audience=[row.owner], facts={"schedule": row.id})


def resume(tx: Tx, row: ScheduleRow, *, by: str, next_at: datetime | None) -> None:
    """Of a held row. What was due meanwhile is not made up for."""
    row.paused_at = row.paused_by = row.paused_why = None
    row.failures, row.next_at = 0, next_at
    tx.audit(actor=by, action="schedule.resumed", subject=f"schedule:{row.id}", facts={"digest": row.digest})


def remove(tx: Tx, row: ScheduleRow, *, by: str) -> None:
    """Of a held row. Runs that it began go on."""
    row.removed_at, row.next_at = tx.now, None
    tx.audit(actor=by, action="schedule.removed", subject=f"schedule:{row.id}", facts={"digest": row.digest})


async def put(tx: Tx, made: Sequence[tuple[Made, str, Sequence[str]]]) -> None:
    """Make these, with their sources and writers, the schedules of files, and no others of files."""
    there = {row.id: row for row in await tx.session.scalars(_of_files().order_by(ScheduleRow.id))}
    wanted = {one.id: (one, source, sorted(writers)) for one, source, writers in made}
    if {row.id: (row.digest, row.writers) for row in there.values() if row.removed_at is None} == {
        name: (one.digest, writers) for name, (one, _, writers) in wanted.items()
    }:
        return
    await tx.session.execute(select(func.pg_advisory_xact_lock(_DOOR)))  # another process may be loading the same files
    held = await tx.session.scalars(
        _of_files().order_by(ScheduleRow.id).with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    there = {row.id: row for row in held}
    for name, row in there.items():
        if row.removed_at is None and name not in wanted:
            remove(tx, row, by=SYSTEM)
    for name, (one, source, writers) in wanted.items():
        _load(tx, there.get(name), one, source, writers)
    await tx.session.flush()


def _load(tx: Tx, row: ScheduleRow | None, made: Made, source: str, writers: Sequence[str]) -> None:
    if row is None:
        row = _row(tx, made, writers)
        row.next_at = made.next_at or made.only_at  # over before it was ever read: it is due late, or missed and told
        tx.session.add(row)
    elif row.removed_at is None and row.digest == made.digest:
        row.writers, row.source = list(writers), source
        return
    else:
        other = row.removed_at is not None or _when(row.document) != _when(made.document)
        if row.removed_at is not None:
            row.paused_at = row.paused_by = row.paused_why = None
        row.removed_at, row.failures = None, 0
        _set(tx, row, made)
        if other:
            row.next_at = made.next_at or made.only_at
        row.writers = list(writers)
    row.source = source
    _changed(tx, row, "schedule.loaded", actor=SYSTEM)


def _when(document: Json) -> tuple[object, object]:
    spec = document["spec"]
    assert isinstance(spec, dict)
    return spec.get("at"), spec.get("timezone")


_DOOR: Final = 0x73636865  # the advisory lock of those that load schedules from files


def _of_files() -> Select[ScheduleRow]:
    return select(ScheduleRow).where(ScheduleRow.source.is_not(None))


def _row(tx: Tx, made: Made, writers: Sequence[str]) -> ScheduleRow:
    return ScheduleRow(
        id=made.id,
        title=made.title,
        owner=made.owner,
        writers=list(writers),
        action=made.action,
        entity=made.entity,
        document=made.document,
        digest=made.digest,
        created_at=tx.now,
        changed_at=tx.now,
        next_at=made.next_at,
        failures=0,
    )


def _set(tx: Tx, row: ScheduleRow, made: Made) -> None:
    row.title, row.owner, row.action, row.entity = made.title, made.owner, made.action, made.entity
    row.document, row.digest, row.changed_at, row.next_at = made.document, made.digest, tx.now, made.next_at


def _changed(tx: Tx, row: ScheduleRow, action: str, *, actor: str) -> None:
    facts = {"digest": row.digest, "owner": row.owner}
    tx.audit(actor=actor, action=action, subject=f"schedule:{row.id}", facts=facts)
