"""What happens next to a run that somebody, or its time limit, wants stopped.

Nothing new begins. What has begun ends as its kind of step can: at once, or when the CI system has confirmed it. Then
the run ends.
"""

from collections.abc import Sequence

from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import midway
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import succeed
from daytwo_workflows.life.leases import is_lease
from daytwo_workflows.life.moves import Turn, first_of
from daytwo_workflows.life.steps.table import KINDS
from daytwo_workflows.life.undoing import Ending, end_or_undo, give_up


async def next_of_stopping(life: Life, tx: Tx, run: RunRow) -> Move:
    """The next move of a run with `cancel_at` set."""
    steps = await runs.steps(tx.session, RunId(run.id))
    moves: list[Turn] = []
    for step in steps:
        if step.state in (StepState.RUNNING, StepState.HELD):
            await midway.withdraw(tx, step)
            found = await KINDS[step.kind].stop(life, tx, run, step)
            if isinstance(found, Move):
                moves.append((step, found))
    if moves:
        return first_of(moves, tx.now)
    if run.undoing is not None:
        return await give_up(tx, run)
    return await _end(life, tx, run, steps)


async def _end(life: Life, tx: Tx, run: RunRow, steps: Sequence[StepRow]) -> Move:
    """All that had begun has ended: the run ends so, or what its steps have done is undone."""
    since = [step for step in steps if step.ended_at is not None and run.cancel_at and step.ended_at >= run.cancel_at]
    failed = [step for step in since if step.state == StepState.FAILED]
    said = " ".join(step.note for step in since if step.note and step.state != StepState.SUCCEEDED)
    why = f" ({run.cancel_reason})" if run.cancel_reason else ""
    if all(step.state in (StepState.SUCCEEDED, StepState.SKIPPED) for step in steps):
        reason = "It was to be stopped, but it had already succeeded."
        if is_lease(run):  # what it had done for a time is over with it
            return await end_or_undo(life, tx, run, steps, Ending(state=RunState.SUCCEEDED, reason=reason))
        await succeed(tx, run, reason=reason)
        return Move(what=What.END)
    if run.timed_out:  # of before a time limit was its step's alone
        what = said or await _what_was_sent(tx, run)
        ending = Ending(state=RunState.FAILED, reason=f"Stopped after its time limit{why}. {what}")
    elif failed:
        ending = Ending(state=RunState.FAILED, reason=said)
    else:
        done = [step for step in since if step.state == StepState.SUCCEEDED]
        what = said or (_had_succeeded(done) if done else await _what_was_sent(tx, run))
        ending = Ending(
            state=RunState.CANCELLED,
            reason=f"Cancelled{why}. {what} The catalog was not changed.",
            actor=run.cancel_by or "daytwo",
        )
    return await end_or_undo(life, tx, run, steps, ending)


def _had_succeeded(done: Sequence[StepRow]) -> str:
    names = ", ".join(step.path for step in done)
    return f"{names} had succeeded before it could be stopped; the steps after it were not begun."


async def _what_was_sent(tx: Tx, run: RunRow) -> str:
    if await attempts.begun(tx.session, RunId(run.id)):
        return "What the steps before it did stays; nothing more was sent."
    return "Nothing had been sent, so nothing was started."
