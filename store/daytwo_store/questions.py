"""What CI systems ask us: may this run go on at this gate? Kept until it is answered; each delivery asks once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.ids import ExternalRunId
from daytwo_store.tables import ExternalRunRow, GateQuestionRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A verified question. `gate` is the vendor's name for the place: an environment."""

    connection: str
    delivery: str
    project_id: str
    project: str
    external: ExternalRunId
    gate: str


async def keep(tx: Tx, asked: Asked) -> bool:
    """False when this delivery was kept before."""
    kept = await tx.session.execute(
        insert(GateQuestionRow)
        .values(
            connection=asked.connection,
            delivery=asked.delivery,
            project_id=asked.project_id,
            project=asked.project,
            external_id=asked.external,
            gate=asked.gate,
            asked_at=tx.now,
            again_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(GateQuestionRow.delivery)
    )
    return kept.scalar_one_or_none() is not None


async def due(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[GateQuestionRow]:
    """Those that wait for an answer and may be looked at again, oldest first."""
    query = (
        select(GateQuestionRow)
        .where(GateQuestionRow.answered_at.is_(None), GateQuestionRow.again_at <= now)
        .order_by(GateQuestionRow.again_at, GateQuestionRow.delivery)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def about(session: AsyncSession, asked: GateQuestionRow) -> ExternalRunRow | None:
    """The external run of ours that a question is about."""
    found: ExternalRunRow | None = await session.scalar(
        select(ExternalRunRow).where(
            ExternalRunRow.connection == asked.connection,
            ExternalRunRow.id == asked.external_id,
            ExternalRunRow.project_id == asked.project_id,
        )
    )
    return found


async def of_run(session: AsyncSession, connection: str, external: ExternalRunId) -> Sequence[GateQuestionRow]:
    """Every question about one external run, oldest first."""
    query = (
        select(GateQuestionRow)
        .where(GateQuestionRow.connection == connection, GateQuestionRow.external_id == external)
        .order_by(GateQuestionRow.asked_at)
    )
    return (await session.scalars(query)).all()


async def put_off(tx: Tx, asked: GateQuestionRow, note: str, *, wait: timedelta) -> None:
    """Not answered now, and why; looked at again after `wait`."""
    row = await _held(tx, asked)
    if row is not None:
        row.again_at, row.note = tx.now + wait, note


async def settle(tx: Tx, asked: GateQuestionRow, verdict: str | None, note: str, *, subject: str) -> None:
    """It was answered, or no answer is wanted any more (no verdict). With its audit entry."""
    row = await _held(tx, asked)
    if row is None:
        return
    row.answered_at, row.verdict, row.note = tx.now, verdict, note
    facts = {"connection": row.connection, "external": row.external_id, "gate": row.gate, "why": note}
    tx.audit(
        actor="daytwo",
        action="gate.question_answered",
        subject=subject,
        facts={**facts, "verdict": verdict or "none"},
    )


async def prune(tx: Tx, *, before: datetime) -> None:
    """Forget what was asked so long ago that the vendor itself has given it up (GitHub: thirty days)."""
    await tx.session.execute(delete(GateQuestionRow).where(GateQuestionRow.asked_at < before))


async def _held(tx: Tx, asked: GateQuestionRow) -> GateQuestionRow | None:
    """The row while nobody has answered it."""
    found: GateQuestionRow | None = await tx.session.scalar(
        select(GateQuestionRow)
        .where(
            GateQuestionRow.connection == asked.connection,
            GateQuestionRow.delivery == asked.delivery,
            GateQuestionRow.answered_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found
