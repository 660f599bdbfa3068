"""Every run that has not ended, with who and what it waits for: for whoever looks for those that are lost."""

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
    asked: Sequence[tuple[str, ...]]  # of whom something is wanted now: the entries of each approval and task


async def open_runs(session: Session) -> list[OpenRun]:
    """Those that stand still longest come first."""
    ends = [str(state) for state in RUN_ENDS]
    columns = (RunRow.id, RunRow.action, RunRow.state, RunRow.progress_at, RunRow.next_at)
    going_on = select(*columns).where(RunRow.state.not_in(ends)).order_by(RunRow.progress_at, RunRow.id)
    rows = (await session.execute(going_on)).all()
    asked: dict[str, list[tuple[str, ...]]] = {}
    approvals = select(ApprovalRow.run_id, ApprovalRow.needed_from).where(ApprovalRow.state == ApprovalState.PENDING)
    tasks = select(TaskRow.run_id, TaskRow.needed_from).where(TaskRow.state == TaskState.OPEN)
    for query in (approvals, tasks):
        for run, names in (await session.execute(query)).all():
            asked.setdefault(run, []).append(tuple(names))
    return [
        OpenRun(
            id=RunId(row.id),
            action=row.action,
            state=row.state,
            progress_at=row.progress_at,
            next_at=row.next_at,
            asked=asked.get(row.id, []),
        )
        for row in rows
    ]
