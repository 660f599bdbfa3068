"""Freezes and the global stop as rows. Who changes one and who seals a dispatch do it one after the other.

A seal takes `read_locked` first: it goes on under what is committed by then, and a change waits for the seals that are
under way. So a freeze or a stop holds for every dispatch that is sealed after its commit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import NotFound
from daytwo_store.ids import PrincipalId, RunId, new_freeze_end_id, new_stop_id
from daytwo_store.said import said
from daytwo_store.states import UNSENT, RunState, StepState
from daytwo_store.tables import FreezeEndRow, FreezeRow, Json, PrincipalRow, RunRow, StepRow, StopRow

_DOOR: Final = 0x66726565  # the advisory lock of freezes and of the stop
_HOLDS_ON: Final = timedelta(days=31)  # as long as an exception may be granted for
EVERYWHERE: Final = "everywhere"  # what live pages are told
WINDOW: Final = "window"  # what a step awaits that waits until nothing holds its run back (`StepRow.awaits`)


async def read_locked(session: AsyncSession) -> None:
    """Until the end of the transaction nobody changes a freeze or the stop. Order: run row → this → audit head."""
    await session.execute(select(func.pg_advisory_xact_lock_shared(_DOOR)))


async def write_locked(tx: Tx) -> None:
    """Nobody seals a dispatch until the end of the transaction."""
    await tx.session.execute(select(func.pg_advisory_xact_lock(_DOOR)))


async def current(session: AsyncSession, now: datetime) -> Sequence[FreezeRow]:
    """Freezes that may hold something now or later."""
    query = select(FreezeRow).where(
        FreezeRow.removed_at.is_(None), or_(FreezeRow.over_at.is_(None), FreezeRow.over_at > now)
    )
    return (await session.scalars(query.order_by(FreezeRow.id))).all()


async def everything(session: AsyncSession) -> Sequence[FreezeRow]:
    """Those that are over, too; not what was removed."""
    query = select(FreezeRow).where(FreezeRow.removed_at.is_(None)).order_by(FreezeRow.id)
    return (await session.scalars(query)).all()


async def get(session: AsyncSession, freeze: str) -> FreezeRow:
    """Raises `NotFound`."""
    row: FreezeRow | None = await session.scalar(
        select(FreezeRow)
        .where(FreezeRow.id == freeze, FreezeRow.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(f"There is no freeze {freeze}. Look at the list of freezes; it may have been removed.")
    return row


async def with_key(session: AsyncSession, by: PrincipalId, key: str) -> FreezeRow | None:
    found: FreezeRow | None = await session.scalar(
        select(FreezeRow).where(FreezeRow.created_by == by, FreezeRow.idempotency_key == key)
    )
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A freeze as it is to be."""

    id: str
    title: str
    owner: str
    document: Json
    digest: str
    over_at: datetime | None


async def add(tx: Tx, made: Made, *, by: PrincipalId, key: str, body_sha256: str) -> FreezeRow:
    """One that somebody made."""
    await write_locked(tx)
    row = _row(tx, made, source=None)
    row.created_by, row.idempotency_key, row.body_sha256 = by, key, body_sha256
    tx.session.add(row)
    await tx.session.flush()
    await _changed(tx, "freeze.made", made, actor=by)
    return row


async def change(tx: Tx, row: FreezeRow, made: Made, *, by: PrincipalId) -> None:
    """Whoever calls holds the door (`write_locked`) and has read the row after that."""
    _set(tx, row, made)
    await _changed(tx, "freeze.changed", made, actor=by)


async def remove(tx: Tx, row: FreezeRow, *, by: str) -> None:
    """It holds nothing any more; what was decided under it stays. Likewise."""
    row.removed_at = tx.now
    tx.audit(actor=by, action="freeze.removed", subject=f"freeze:{row.id}", facts={"digest": row.digest})
    await _wake(tx)


async def hold_on(tx: Tx, row: FreezeRow, *, by: PrincipalId, title: str) -> None:
    """Before one person changes or ends it: as it is, it holds their own runs on, for `_HOLDS_ON` at most."""
    over = min(row.over_at or tx.now + _HOLDS_ON, tx.now + _HOLDS_ON)
    if over <= tx.now:
        return
    tx.session.add(
        FreezeEndRow(
            id=new_freeze_end_id(),
            freeze_id=row.id,
            title=title,
            owner=row.owner,
            document=row.document,
            digest=row.digest,
            by=by,
            at=tx.now,
            over_at=over,
        )
    )
    await tx.session.flush()


async def held_on(session: AsyncSession, now: datetime) -> Sequence[tuple[FreezeEndRow, PrincipalRow]]:
    """Freezes that hold on for whoever ended them, with that person."""
    query = select(FreezeEndRow, PrincipalRow).join(PrincipalRow, PrincipalRow.id == FreezeEndRow.by)
    rows = await session.execute(query.where(FreezeEndRow.over_at > now).order_by(FreezeEndRow.at, FreezeEndRow.id))
    return [(ended, by) for ended, by in rows]


async def put(tx: Tx, made: Sequence[tuple[Made, str]]) -> None:
    """Make these, with their sources, the freezes of files, and no others of files."""
    wanted = {one.id: (one, source) for one, source in made}
    if await _of_files(tx.session, current=True) == {name: one.digest for name, (one, _) in wanted.items()}:
        return
    await write_locked(tx)  # another process may be loading the same files
    there = await _of_files(tx.session, current=True)
    for name in there.keys() - wanted.keys():
        await remove(tx, await get(tx.session, name), by="daytwo")
    before = await _of_files(tx.session, current=False)
    for name, (one, source) in wanted.items():
        if there.get(name) == one.digest:
            continue
        row = await tx.session.get_one(FreezeRow, name) if name in before else _row(tx, one, source=source)
        row.removed_at, row.source = None, source
        _set(tx, row, one)
        tx.session.add(row)
        await tx.session.flush()
        await _changed(tx, "freeze.loaded", one, actor="daytwo")


async def _of_files(session: AsyncSession, *, current: bool) -> dict[str, str]:
    """Digests of the freezes that files made, by name; with or without those that are gone."""
    query = select(FreezeRow.id, FreezeRow.digest).where(FreezeRow.source.is_not(None))
    rows = await session.execute(query.where(FreezeRow.removed_at.is_(None)) if current else query)
    return {name: digest for name, digest in rows}  # noqa: C416 - rows, not pairs


def _row(tx: Tx, made: Made, *, source: str | None) -> FreezeRow:
    return FreezeRow(
        id=made.id,
        title=made.title,
        owner=made.owner,
        document=made.document,
        digest=made.digest,
        source=source,
        created_at=tx.now,
        changed_at=tx.now,
        over_at=made.over_at,
    )


def _set(tx: Tx, row: FreezeRow, made: Made) -> None:
    row.title, row.owner, row.document = made.title, made.owner, made.document
    row.digest, row.over_at, row.changed_at = made.digest, made.over_at, tx.now


async def _changed(tx: Tx, action: str, made: Made, *, actor: str) -> None:
    facts = {"digest": made.digest, "owner": made.owner}
    tx.audit(actor=actor, action=action, subject=f"freeze:{made.id}", facts=facts)
    await _wake(tx)


async def _wake(tx: Tx) -> None:
    """Every run that waits for a window looks again."""
    waiting = await tx.session.scalars(
        select(RunRow.id)
        .where(RunRow.state == RunState.WAITING_WINDOW)
        .union(select(StepRow.run_id).where(StepRow.awaits == WINDOW, StepRow.state == StepState.RUNNING))
    )
    for run in waiting:
        tx.poke(RunId(run))
    tx.notify(Topic.FREEZE, EVERYWHERE)


async def stopped_of(session: AsyncSession, people: Collection[str]) -> RunRow | None:
    """A run that these asked for and that the global stop keeps back, before its first step or between two."""
    asked_by = or_(PrincipalRow.ref.in_(people), PrincipalRow.id.in_(people))
    kept_back = or_(
        RunRow.state.in_([str(state) for state in UNSENT]),
        and_(RunRow.state == RunState.RUNNING, RunRow.window.is_not(None)),
    )
    query = select(RunRow).join(PrincipalRow, PrincipalRow.id == RunRow.requester).where(asked_by, kept_back)
    found: RunRow | None = await session.scalar(query.order_by(RunRow.created_at, RunRow.id).limit(1))
    return found


async def unsent_of(session: AsyncSession, people: Collection[str], *, limit: int) -> Sequence[RunRow]:
    """Runs of which nothing was sent, that these asked for: by ref of the catalog or id of the principal."""
    asked_by = or_(PrincipalRow.ref.in_(people), PrincipalRow.id.in_(people))
    query = select(RunRow).join(PrincipalRow, PrincipalRow.id == RunRow.requester)
    query = query.where(asked_by, RunRow.state.in_([str(state) for state in UNSENT]))
    return (await session.scalars(query.order_by(RunRow.created_at, RunRow.id).limit(limit))).all()


async def stopped(session: AsyncSession) -> StopRow | None:
    """The global stop, while there is one."""
    row: StopRow | None = await session.scalar(select(StopRow).where(StopRow.lifted_at.is_(None)))
    return row


async def stops(session: AsyncSession, *, limit: int = 50) -> Sequence[StopRow]:
    """The newest first."""
    return (await session.scalars(select(StopRow).order_by(StopRow.at.desc()).limit(limit))).all()


async def stop(tx: Tx, *, by: PrincipalId, reason: str) -> StopRow:
    """Stop everything; when that is so already, this is it."""
    await write_locked(tx)
    row = await stopped(tx.session)
    if row is not None:
        return row
    row = StopRow(id=new_stop_id(), reason=reason, by=by, at=tx.now)
    tx.session.add(row)
    await tx.session.flush()
    tx.audit(actor=by, action="stop.begun", subject=f"stop:{row.id}", facts=said(reason))
    await _wake(tx)
    return row


async def lift(tx: Tx, *, by: PrincipalId, why: str) -> StopRow | None:
    """Lift the stop; None when there is none."""
    await write_locked(tx)
    row = await stopped(tx.session)
    if row is None:
        return None
    row.lifted_at, row.lifted_by, row.lifted_why = tx.now, by, why
    tx.audit(actor=by, action="stop.lifted", subject=f"stop:{row.id}", facts=said(why))
    await _wake(tx)
    for run in await _held_back(tx.session):
        tx.poke(run)
    return row


async def _held_back(session: AsyncSession) -> Collection[RunId]:
    """Runs that had begun and wait before their next step."""
    rows = await session.scalars(select(RunRow.id).where(RunRow.state == RunState.RUNNING, RunRow.window.is_not(None)))
    return [RunId(run) for run in rows]
