"""A run with all that it has called, and what was sent and told on the way: for whoever looks at it when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.tables import ApprovalRow, AttemptRow, NotificationRow, RunRow, StepRow, TaskRow


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeRun:
    """`runs` begins with the run itself; the others are in the order in which they were asked for. Attempts are in the
    order in which they were sent; one that never was is left out."""

    runs: Sequence[RunRow]
    steps: Sequence[StepRow]
    attempts: Sequence[AttemptRow]
    approvals: Sequence[ApprovalRow]
    tasks: Sequence[TaskRow]
    notifications: Sequence[NotificationRow]

    def steps_of(self, run: str) -> list[StepRow]:
        return [one for one in self.steps if one.run_id == run]

    def action_of(self, run: str) -> str:
        return next(one.action for one in self.runs if one.id == run)


async def whole_run(session: Session, run: RunId) -> WholeRun:
    ids: list[str] = [run]
    while more := (
        await session.scalars(select(RunRow.id).where(RunRow.parent_run.in_(ids), RunRow.id.not_in(ids)))
    ).all():
        ids += more
    found = (
        await session.scalars(select(RunRow).where(RunRow.id.in_(ids)).order_by(RunRow.created_at, RunRow.id))
    ).all()
    sent = select(AttemptRow).where(AttemptRow.run_id.in_(ids), AttemptRow.sent_at.is_not(None))
    return WholeRun(
        runs=sorted(found, key=lambda one: one.id != run),
        steps=(
            await session.scalars(
                select(StepRow).where(StepRow.run_id.in_(ids)).order_by(StepRow.run_id, StepRow.position)
            )
        ).all(),
        attempts=(await session.scalars(sent.order_by(AttemptRow.sent_at, AttemptRow.path, AttemptRow.no))).all(),
        approvals=(
            await session.scalars(select(ApprovalRow).where(ApprovalRow.run_id.in_(ids)).order_by(ApprovalRow.id))
        ).all(),
        tasks=(await session.scalars(select(TaskRow).where(TaskRow.run_id.in_(ids)).order_by(TaskRow.id))).all(),
        notifications=(
            await session.scalars(
                select(NotificationRow).where(NotificationRow.run_id.in_(ids)).order_by(NotificationRow.n)
            )
        ).all(),
    )
