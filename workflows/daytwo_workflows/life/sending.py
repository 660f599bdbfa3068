"""What keeps a step of a run that goes on from bringing something about elsewhere now."""

from datetime import timedelta
from typing import Final

from daytwo_store.engine import Tx
from daytwo_store.states import RunState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import SENDING, Move, What
from daytwo_workflows.life.locking import not_without_lock
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.window import stopped_between_steps

_WHILE_HELD: Final = Move(what=What.WAIT, seconds=timedelta(hours=1).total_seconds())


async def let(tx: Tx, run: RunRow, step: StepRow, move: Move | None) -> Move | None:
    """The move, or what comes in its place. Without its lock a run sends nothing more: the step has failed then."""
    if move is None or move.what not in SENDING:
        return move
    if run.lock_taken_at is not None:
        return fail(tx, step, not_without_lock(run, step))
    if run.state == RunState.NEEDS_ATTENTION:
        return _WHILE_HELD
    return await stopped_between_steps(tx, run, move)
