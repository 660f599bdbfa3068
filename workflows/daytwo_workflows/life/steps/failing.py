"""A step has failed, or nobody knows: what becomes of its run is decided afterwards, by all of its steps."""

from datetime import timedelta

from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move, What


def fail(tx: Tx, step: StepRow, reason: str, *, state: StepState = StepState.FAILED) -> Move | None:
    """End a step of a held run. It has no next move, which is the answer."""
    runs.move_step(tx, step, state, note=reason)
    return None


def hold(tx: Tx, run: RunRow, step: StepRow, note: str | None) -> Move:
    """A person has to find out what happened; the lock stays with the run on purpose."""
    runs.move_step(tx, step, StepState.HELD, note=note)
    runs.move(tx, run, RunState.NEEDS_ATTENTION, reason=note)
    return Move(what=What.WAIT, seconds=timedelta(hours=1).total_seconds())
