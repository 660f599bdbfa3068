"""Every run that has not ended, with who and what it waits for: for whoever looks for those that are lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.entities import EVERYTHING
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
    asked: Sequence[str]  # of whom something is wanted now: refs of people and groups


async def open_runs(session: Session) -> list[OpenRun]:
    """Those that stand still longest come first."""
    ends = [str(state) for state in RUN_ENDS]
    rows = (
        await session.scalars(select(RunRow).where(RunRow.state.not_in(ends)).order_by(RunRow.progress_at, RunRow.id))
    ).all()
    asked: dict[str, list[str]] = {}
    approvals = select(ApprovalRow.run_id, ApprovalRow.needed_from).where(ApprovalRow.state == ApprovalState.PENDING)
    tasks = select(TaskRow.run_id, TaskRow.needed_from).where(TaskRow.state == TaskState.OPEN)
    for query in (approvals, tasks):
        for run, names in (await session.execute(query)).all():
            asked.setdefault(run, []).extend(names)
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


async def nobody_in(session: Session, names: Sequence[str]) -> bool:
    """Are all of these people who are not there, or groups that nobody is in? What is looked up elsewhere counts as
    somebody."""
    for name in names:
        kind = name.partition(":")[0]
        if kind == "person" and await entities.get(session, name, sees=EVERYTHING) is not None:
            return False
        if kind == "group" and await entities.members(session, name):
            return False
        if kind not in ("person", "group"):
            return False
    return bool(names)
