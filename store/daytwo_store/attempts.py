"""Attempts (A1): seal the intent, claim it once, settle it once. Whoever calls holds the run's row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import AttemptNo, Corr, Digest, ExternalRunId, RunId, StepPath
from daytwo_store.states import ATTEMPT_LIVE, ATTEMPT_MOVES, AttemptState, ExternalStatus, check_move
from daytwo_store.tables import AttemptRow, ExternalRunRow, Json, RunRow
from daytwo_store.value_digest import value_digest

_PERHAPS: Final = tuple(ATTEMPT_LIVE - {AttemptState.INTENT})  # it was sent, and may have been carried out


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What one attempt is going to send: the frozen bytes and everything needed to find them again."""

    run: RunId
    path: StepPath
    no: AttemptNo
    corr: Corr
    connection: str
    request: Json
    body: bytes
    digest: Digest
    filled: Json = field(default_factory=dict)  # of each hole its `value`, and the names `from` which it came


async def seal(tx: Tx, intent: Intent, *, send_by: timedelta) -> AttemptRow:
    """Write the intent, once more where its time had passed and nobody had claimed it: nothing of it was sent.

    The partial unique index refuses a second live attempt of the step.
    """
    row = await get(tx.session, intent.run, intent.path, intent.no)
    again = row is not None
    if row is None:
        row = AttemptRow(run_id=intent.run, path=intent.path, no=intent.no, corr=intent.corr, state=AttemptState.INTENT)
        tx.session.add(row)
    assert row.state == AttemptState.INTENT, "what may have been sent is not sealed again"
    row.request = {**intent.request, "filled": intent.filled} if intent.filled else intent.request
    row.connection, row.body, row.digest = intent.connection, intent.body, intent.digest
    row.intent_at, row.send_by = tx.now, tx.now + send_by
    await tx.session.flush()
    filled = {"filled": value_digest(intent.filled)} if intent.filled else {}
    tx.audit(
        actor="daytwo",
        action="attempt.renewed" if again else "attempt.intent",
        subject=f"run:{intent.run}",
        facts={"step": intent.path, "attempt": str(intent.no), "digest": intent.digest, **filled},
    )
    return row


async def claim(tx: Tx, row: AttemptRow, *, sender: str) -> bool:
    """INTENT → SENT by compare-and-set: true for exactly one caller, ever."""
    claimed = await tx.session.execute(
        update(AttemptRow)
        .where(
            AttemptRow.run_id == row.run_id,
            AttemptRow.path == row.path,
            AttemptRow.no == row.no,
            AttemptRow.state == AttemptState.INTENT,
        )
        .values(state=AttemptState.SENT, sent_at=tx.now, sender=sender)
        .returning(AttemptRow.no)
        .execution_options(synchronize_session=False)
    )
    if claimed.scalar_one_or_none() is None:
        return False
    tx.audit(
        actor="daytwo",
        action="attempt.sent",
        subject=f"run:{row.run_id}",
        facts={"step": row.path, "attempt": str(row.no), "digest": row.digest},
    )
    return True


def settle(
    tx: Tx,
    row: AttemptRow,
    state: AttemptState,
    *,
    note: str | None,
    retry_at: datetime | None = None,
    actor: str = "daytwo",
    facts: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Move an attempt of a held run; `facts` are more for its audit entry. Raises `IllegalMove`."""
    check_move(ATTEMPT_MOVES, AttemptState(row.state), state)
    row.state = state
    row.note = note
    row.retry_at = retry_at
    row.settled_at = tx.now
    named = {"external": row.external_id} if row.external_id else {}
    tx.audit(
        actor=actor,
        action=f"attempt.{state}",
        subject=f"run:{row.run_id}",
        facts={"step": row.path, "attempt": str(row.no), **named, **facts},
    )
    tx.notify(Topic.RUN, row.run_id)


async def adopt(
    tx: Tx,
    row: AttemptRow,
    external: ExternalRunId,
    *,
    url: str | None,
    found: bool,
    note: str = "found by its marker",
    actor: str = "daytwo",
    facts: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Make the external run this attempt's own. False when another attempt already has it; nothing is changed then.

    `found`: it was not named by the answer to its dispatch; `note` says how it was.
    """
    request = row.request
    made = await tx.session.execute(
        insert(ExternalRunRow)
        .values(
            connection=row.connection,
            id=external,
            run_id=row.run_id,
            path=row.path,
            no=row.no,
            project=request["project"],
            project_id=request["project_id"],
            pipeline=request["pipeline"],
            ref=request["ref"],
            url=url,
            status=ExternalStatus.QUEUED,
            detail="dispatched",
            adopted=found,
            known_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(ExternalRunRow.id)
    )
    if made.scalar_one_or_none() is None:
        return False
    row.external_id = external
    settle(tx, row, AttemptState.ACCEPTED, note=note if found else None, actor=actor, facts=facts)
    return True


async def of_step(session: AsyncSession, run: RunId, path: StepPath) -> Sequence[AttemptRow]:
    """Every attempt of a step, oldest first."""
    return (
        await session.scalars(
            select(AttemptRow).where(AttemptRow.run_id == run, AttemptRow.path == path).order_by(AttemptRow.no)
        )
    ).all()


async def begun(session: AsyncSession, run: RunId) -> bool:
    """Has anything of the run been started, or may it have been? What it has called counts: that is on its way."""
    there = or_(AttemptRow.external_id.is_not(None), AttemptRow.state.in_(_PERHAPS))
    sent = select(AttemptRow.no).where(AttemptRow.run_id == run, there)
    called = select(RunRow.id).where(RunRow.parent_run == run)
    return bool(await session.scalar(select(or_(sent.exists(), called.exists()))))


async def of_run(session: AsyncSession, run: RunId) -> Sequence[AttemptRow]:
    return (await session.scalars(select(AttemptRow).where(AttemptRow.run_id == run).order_by(AttemptRow.no))).all()


async def get(session: AsyncSession, run: RunId, path: StepPath, no: AttemptNo) -> AttemptRow | None:
    found: AttemptRow | None = await session.scalar(
        select(AttemptRow)
        .where(AttemptRow.run_id == run, AttemptRow.path == path, AttemptRow.no == no)
        .execution_options(populate_existing=True)
    )
    return found


async def external_of(session: AsyncSession, row: AttemptRow) -> ExternalRunRow | None:
    found: ExternalRunRow | None = await session.scalar(
        select(ExternalRunRow).where(
            ExternalRunRow.run_id == row.run_id, ExternalRunRow.path == row.path, ExternalRunRow.no == row.no
        )
    )
    return found


async def external_by_id(session: AsyncSession, connection: str, external: ExternalRunId) -> ExternalRunRow:
    return (
        await session.execute(
            select(ExternalRunRow)
            .where(ExternalRunRow.connection == connection, ExternalRunRow.id == external)
            .execution_options(populate_existing=True)
        )
    ).scalar_one()


async def externals_of_run(session: AsyncSession, run: RunId) -> Sequence[ExternalRunRow]:
    return (await session.scalars(select(ExternalRunRow).where(ExternalRunRow.run_id == run))).all()
