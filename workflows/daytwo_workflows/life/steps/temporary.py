"""`temporary`: what was done before lasts until a time that stands in its row; then the run undoes it (see `flow`).

Its end may be moved, by whom the action names, and it may be given back early; whatever was down when it came, it is
over as soon as somebody looks.
"""

from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import midway
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.kind import Kind
from daytwo_workflows.life.steps.wait import until

OVER = "The time is over."


async def _begin(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> None:
    """Raises `Rejected` when there is no such time."""
    step.due_at = until(step.given or {}, tx.now)


async def _next(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> Move | None:
    assert step.due_at is not None, "what is temporary knows its end"
    if tx.now >= step.due_at:
        await midway.withdraw(tx, step)  # nobody is asked any more whether it lasts longer
        runs.move_step(tx, step, StepState.SUCCEEDED, note=step.note or OVER)
        return None
    return Move(what=What.WAIT, seconds=max(0.05, (step.due_at - tx.now).total_seconds()))


TEMPORARY = Kind(begin=_begin, next=_next)
