"""What of a run can be undone, the last first; and the rows of what undoes it."""

from collections.abc import Sequence

from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import Planned, undo_path
from daytwo_store import attempts, runs
from daytwo_store.engine import Session, Tx
from daytwo_store.ids import RunId, StepPath
from daytwo_store.states import RUN_ENDS, AttemptState, StepState
from daytwo_store.tables import StepRow
from daytwo_workflows.life.step_rows import columns_of
from daytwo_workflows.life.steps.called import CALLS, asked_for

_UNSENT = (AttemptState.INTENT, AttemptState.ABANDONED, AttemptState.REJECTED, AttemptState.ABSENT)
_UNKNOWN = (AttemptState.SENT, AttemptState.AMBIGUOUS, AttemptState.HELD)
_OVER = frozenset(map(str, RUN_ENDS))


def ordinary(steps: Sequence[StepRow]) -> list[StepRow]:
    """The steps of the action, without what undoes them."""
    return [step for step in steps if step.undoes is None]


async def took_effect(session: Session, step: StepRow) -> bool:
    """Has this run changed anything by it, or may it have? A pipeline that has failed may have come half way."""
    if runs.CARRIED in (step.data or {}):
        return False
    if step.state == StepState.SUCCEEDED:
        return True
    if step.kind in CALLS:
        return any(one.get("run") is not None for one in asked_for(step))
    tries = await attempts.of_step(session, RunId(step.run_id), StepPath(step.path))
    return any(one.external_id is not None or one.state not in _UNSENT for one in tries)


async def stack(session: Session, plan: Plan, steps: Sequence[StepRow]) -> list[StepRow]:
    """The steps that have taken effect and can be undone, in reverse order of their ends."""
    able = [step for step in ordinary(steps) if plan.undo_of(step.path) is not None]
    done = [step for step in able if step.ended_at is not None and await took_effect(session, step)]
    return sorted(done, key=lambda step: (step.ended_at, step.position), reverse=True)


async def unconfirmed(session: Session, step: StepRow) -> bool:
    """Was it given up, and something of it may still be running elsewhere?"""
    if step.state != StepState.CANCELLED:
        return False
    if step.kind in CALLS:
        return any(one.get("run") is not None and one.get("state") not in _OVER for one in asked_for(step))
    run, path = RunId(step.run_id), StepPath(step.path)
    if any(one.state in _UNKNOWN for one in await attempts.of_step(session, run, path)):
        return True
    return any(one.path == path and one.ended_at is None for one in await attempts.externals_of_run(session, run))


async def staying(session: Session, plan: Plan, steps: Sequence[StepRow]) -> list[str]:
    """The steps that have taken effect and cannot be undone."""
    return [step.path for step in ordinary(steps) if step.path in plan.stays and await took_effect(session, step)]


def push(tx: Tx, planned: Planned, step: StepRow, steps: Sequence[StepRow]) -> StepRow:
    """The row of what undoes a step: the first, or one more after that has failed, which stays as it is."""
    before = sum(one.undoes == step.path for one in steps)
    path = undo_path(step.path) if before == 0 else StepPath(f"{undo_path(step.path)}.{before + 1}")
    row = StepRow(
        run_id=step.run_id,
        path=path,
        position=max(one.position for one in steps) + 1,
        state=StepState.PENDING,
        jobs=[],
        undoes=step.path,
        **columns_of(planned, before=[]),
    )
    tx.session.add(row)
    return row
