"""Every run that has not ended, and when something is due: for whoever looks for those that are lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.states import RUN_ENDS, ApprovalState, TaskState
from daytwo_store.tables import ApprovalRow, RunRow, TaskRow


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRun:
    id: RunId
    action: str
    state: str
    progress_at: datetime
    next_at: datetime | None  # when something is due; none: nobody has said so


async def open_runs(session: Session) -> Sequence[OpenRun]:
    """Those that stand still longest come first."""
    ends = [str(state) for state in RUN_ENDS]
    columns = (RunRow.id, RunRow.action, RunRow.state, RunRow.progress_at, RunRow.next_at)
    going_on = select(*columns).where(RunRow.state.not_in(ends)).order_by(RunRow.progress_at, RunRow.id)
    rows = (await session.execute(going_on)).all()
    return [
        OpenRun(
            id=RunId(row.id),
            action=row.action,
            state=row.state,
            progress_at=row.progress_at,
            next_at=row.next_at,
        )
        for row in rows
    ]


async def to_decide(session: Session) -> Sequence[tuple[ApprovalRow, RunRow]]:
    """What waits for decisions, with its runs."""
    query = select(ApprovalRow, RunRow).join(RunRow, RunRow.id == ApprovalRow.run_id)
    rows = await session.execute(query.where(ApprovalRow.state == ApprovalState.PENDING))
    return [(approval, run) for approval, run in rows]


async def to_do(session: Session) -> Sequence[tuple[TaskRow, str]]:
    """What somebody is asked to do, with who asked for its run."""
    query = select(TaskRow, RunRow.requester).join(RunRow, RunRow.id == TaskRow.run_id)
    rows = await session.execute(query.where(TaskRow.state == TaskState.OPEN))
    return [(task, requester) for task, requester in rows]
