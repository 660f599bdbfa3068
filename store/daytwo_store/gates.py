"""Answers to gates of a CI system: one on its way per gate, written before it is told, settled once.

Whoever calls holds the run's row.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import PrincipalId, RunId, StepPath, new_gate_answer_id
from daytwo_store.states import GATE_ANSWER_MOVES, GateAnswerState, check_move
from daytwo_store.tables import GateAnswerRow


def name_of(path: StepPath, gate: str) -> str:
    """Our name of a vendor's gate: safe in a URL, whatever the vendor calls it."""
    whole = f"{path}\x00{gate}".encode()
    return f"g_{hashlib.sha256(whole).hexdigest()[:20]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateAnswer:
    """What somebody says to a gate."""

    run: RunId
    path: StepPath
    gate: str  # our name of it
    verdict: str
    comment: str
    by: PrincipalId
    key: str


async def with_key(session: AsyncSession, by: PrincipalId, key: str) -> GateAnswerRow | None:
    """The answer that this Idempotency-Key of this principal gave."""
    found: GateAnswerRow | None = await session.scalar(
        select(GateAnswerRow).where(GateAnswerRow.by == by, GateAnswerRow.idempotency_key == key)
    )
    return found


async def of_run(session: AsyncSession, run: RunId) -> Sequence[GateAnswerRow]:
    """Every answer of a run, oldest first."""
    query = select(GateAnswerRow).where(GateAnswerRow.run_id == run).order_by(GateAnswerRow.asked_at, GateAnswerRow.id)
    return (await session.scalars(query)).all()


async def on_its_way(session: AsyncSession, run: RunId, path: StepPath) -> Sequence[GateAnswerRow]:
    """Answers of which nobody knows yet whether they arrived."""
    query = select(GateAnswerRow).where(
        GateAnswerRow.run_id == run, GateAnswerRow.path == path, GateAnswerRow.state == GateAnswerState.SENT
    )
    return (await session.scalars(query)).all()


async def answered_since(session: AsyncSession, run: RunId, gate: str, seen_at: datetime | None) -> bool:
    """Is an answer to this gate on its way, or has one arrived after the gate was last seen waiting?"""
    done = GateAnswerRow.state == GateAnswerState.DONE
    if seen_at is not None:
        done = and_(done, GateAnswerRow.settled_at >= seen_at)
    query = select(GateAnswerRow.id).where(
        GateAnswerRow.run_id == run,
        GateAnswerRow.gate == gate,
        or_(GateAnswerRow.state == GateAnswerState.SENT, done),
    )
    return await session.scalar(query.limit(1)) is not None


async def get(session: AsyncSession, answer: str) -> GateAnswerRow:
    query = select(GateAnswerRow).where(GateAnswerRow.id == answer).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one()


async def intend(tx: Tx, answer: GateAnswer) -> GateAnswerRow:
    """Write that it is about to be told. The partial unique index refuses a second one on its way to the same gate."""
    row = GateAnswerRow(
        id=new_gate_answer_id(),
        run_id=answer.run,
        path=answer.path,
        gate=answer.gate,
        verdict=answer.verdict,
        comment=answer.comment,
        by=answer.by,
        idempotency_key=answer.key,
        state=GateAnswerState.SENT,
        asked_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()
    _tell(tx, row, f"gate.{answer.verdict}", actor=answer.by)
    return row


def settle(tx: Tx, row: GateAnswerRow, state: GateAnswerState, *, note: str | None) -> None:
    """Say what became of it. Raises `IllegalMove`."""
    check_move(GATE_ANSWER_MOVES, GateAnswerState(row.state), state)
    row.state, row.note, row.settled_at = state, note, tx.now
    _tell(tx, row, f"gate.answer_{state}", actor="daytwo")


def _tell(tx: Tx, row: GateAnswerRow, action: str, *, actor: str) -> None:
    tx.audit(
        actor=actor,
        action=action,
        subject=f"run:{row.run_id}",
        facts={"step": row.path, "gate": row.gate, "answer": row.id, "verdict": row.verdict},
    )
    tx.notify(Topic.RUN, row.run_id)
