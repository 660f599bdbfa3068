"""Exceptions to freezes: asked for by one person, granted by another, for one run's plan, for the freeze as it stood
then, and until an end.

Whoever calls holds the run's row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import NotFound
from daytwo_store.ids import PrincipalId, RunId, new_exception_id
from daytwo_store.notifications import Notice, tell
from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.said import said
from daytwo_store.states import EXCEPTION_MOVES, ExceptionState, check_move
from daytwo_store.tables import EntityRow, FreezeExceptionRow, FreezeRow, RunRow

LIVE = (ExceptionState.ASKED, ExceptionState.GRANTED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What somebody decided."""

    state: ExceptionState
    by: PrincipalId
    why: str
    group: str | None = None
    until: datetime | None = None


async def get(session: AsyncSession, exception: str) -> FreezeExceptionRow:
    """Raises `NotFound`."""
    row: FreezeExceptionRow | None = await session.scalar(
        select(FreezeExceptionRow).where(FreezeExceptionRow.id == exception).execution_options(populate_existing=True)
    )
    if row is None:
        raise not_there(exception)
    return row


def not_there(exception: str) -> NotFound:
    """The one answer for what does not exist and for what may not be seen."""
    return NotFound(f"There is no exception {exception}, or you may not see it.")


async def with_key(session: AsyncSession, by: PrincipalId, key: str) -> FreezeExceptionRow | None:
    found: FreezeExceptionRow | None = await session.scalar(
        select(FreezeExceptionRow).where(FreezeExceptionRow.asked_by == by, FreezeExceptionRow.idempotency_key == key)
    )
    return found


async def of_run(session: AsyncSession, run: RunId) -> Sequence[FreezeExceptionRow]:
    """Every exception that was ever asked for a run, oldest first."""
    query = select(FreezeExceptionRow).where(FreezeExceptionRow.run_id == run)
    return (await session.scalars(query.order_by(FreezeExceptionRow.asked_at, FreezeExceptionRow.id))).all()


async def with_freezes(session: AsyncSession, run: RunId) -> Sequence[tuple[FreezeExceptionRow, FreezeRow]]:
    """The same, each with its freeze, also where that has been removed since."""
    query = (
        select(FreezeExceptionRow, FreezeRow)
        .join(FreezeRow, FreezeRow.id == FreezeExceptionRow.freeze_id)
        .where(FreezeExceptionRow.run_id == run)
        .order_by(FreezeExceptionRow.asked_at, FreezeExceptionRow.id)
    )
    return [(exception, freeze) for exception, freeze in await session.execute(query)]


async def waiting(
    session: AsyncSession, by: Onlooker, *, after: tuple[datetime, str] | None, limit: int
) -> Sequence[tuple[FreezeExceptionRow, RunRow]]:
    """Those that wait for somebody, oldest first, with their runs: of runs that may be seen, and of freezes of theirs.

    Who asked for one of a run that has ended meanwhile waits for nothing.
    """
    query = (
        select(FreezeExceptionRow, RunRow)
        .join(RunRow, RunRow.id == FreezeExceptionRow.run_id)
        .join(FreezeRow, FreezeRow.id == FreezeExceptionRow.freeze_id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(
            FreezeExceptionRow.state == ExceptionState.ASKED,
            RunRow.ended_at.is_(None),
            or_(visible(by.belongs, by.principal), FreezeRow.owner.in_(by.belongs)),
        )
        .order_by(FreezeExceptionRow.asked_at, FreezeExceptionRow.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(FreezeExceptionRow.asked_at, FreezeExceptionRow.id) > tuple_(*after))
    return [(exception, run) for exception, run in await session.execute(query)]


async def granted(session: AsyncSession, run: RunRow, now: datetime) -> Sequence[tuple[FreezeExceptionRow, FreezeRow]]:
    """Those that were granted for the run's plan and the freeze as both are, and are not over, each with its freeze."""
    query = (
        select(FreezeExceptionRow, FreezeRow)
        .join(FreezeRow, FreezeRow.id == FreezeExceptionRow.freeze_id)
        .where(
            FreezeExceptionRow.run_id == run.id,
            FreezeExceptionRow.state == ExceptionState.GRANTED,
            FreezeExceptionRow.digest == run.digest,
            FreezeExceptionRow.freeze_digest == FreezeRow.digest,
            FreezeExceptionRow.until > now,
        )
    )
    return [(exception, freeze) for exception, freeze in await session.execute(query)]


async def ask(tx: Tx, run: RunRow, freeze: FreezeRow, *, by: PrincipalId, reason: str, key: str) -> FreezeExceptionRow:
    row = FreezeExceptionRow(
        id=new_exception_id(),
        run_id=run.id,
        freeze_id=freeze.id,
        digest=run.digest,
        freeze_digest=freeze.digest,
        state=ExceptionState.ASKED,
        reason=reason,
        asked_by=by,
        idempotency_key=key,
        asked_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()
    _told(tx, row, actor=by, words=reason)
    tell(tx, Notice.EXCEPTION_ASKED, audience=[freeze.owner], run=RunId(run.id), facts={"exception": row.id, "by": by})
    return row


def settle(tx: Tx, row: FreezeExceptionRow, settled: Settled) -> None:
    """Raises `IllegalMove`."""
    check_move(EXCEPTION_MOVES, ExceptionState(row.state), settled.state)
    row.state = settled.state
    if settled.state is ExceptionState.REVOKED:
        row.ended_by, row.ended_at, row.ended_why = settled.by, tx.now, settled.why
    else:
        row.decided_by, row.decided_at, row.comment = settled.by, tx.now, settled.why
        row.group, row.until = settled.group, settled.until
    _told(tx, row, actor=settled.by, words=settled.why)
    told = {"exception": row.id, "state": str(row.state), "by": settled.by}
    tell(tx, Notice.EXCEPTION_DECIDED, audience=[row.asked_by], run=RunId(row.run_id), facts=told)
    tx.poke(RunId(row.run_id))


def _told(tx: Tx, row: FreezeExceptionRow, *, actor: str, words: str) -> None:
    facts = {
        "exception": row.id,
        "freeze": row.freeze_id,
        "digest": row.digest,
        "freeze_digest": row.freeze_digest,
        **said(words),
    }
    if row.state == ExceptionState.GRANTED and row.until is not None:
        facts |= {"until": row.until.isoformat(), "group": row.group or ""}
    tx.audit(actor=actor, action=f"exception.{row.state}", subject=f"run:{row.run_id}", facts=facts)
    tx.notify(Topic.RUN, row.run_id)
    tx.notify(Topic.APPROVAL, row.id)
