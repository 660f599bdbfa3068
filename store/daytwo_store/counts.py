"""How much is waiting, counted when somebody asks (metrics)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from daytwo_store import checkpoints, messages
from daytwo_store.engine import Session
from daytwo_store.states import RUN_ENDS, ApprovalState, AttemptState, RunState
from daytwo_store.tables import ApprovalRow, AttemptRow, OutboxRow, RunRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    open_runs: Mapping[str, int]  # by state, also those with none
    pending_approvals: int
    outbox: int
    held_attempts: int
    audit: checkpoints.Sealed
    messages: messages.Counted


async def count(session: Session) -> Counts:
    ends = [str(state) for state in RUN_ENDS]
    states = await session.execute(
        select(RunRow.state, func.count()).where(RunRow.state.not_in(ends)).group_by(RunRow.state)
    )
    found = {state: number for state, number in states}  # noqa: C416 - rows, not pairs
    pending = select(func.count()).select_from(ApprovalRow).where(ApprovalRow.state == ApprovalState.PENDING)
    held = select(func.count()).select_from(AttemptRow).where(AttemptRow.state == AttemptState.HELD)
    return Counts(
        open_runs={state: found.get(state, 0) for state in RunState if state not in RUN_ENDS},
        pending_approvals=await session.scalar(pending) or 0,
        outbox=await session.scalar(select(func.count()).select_from(OutboxRow)) or 0,
        held_attempts=await session.scalar(held) or 0,
        audit=await checkpoints.state(session),
        messages=await messages.count(session),
    )
