"""The steps of a run that may go on: which begin, which go on, and how the run ends by them.

A step begins when those that it needs are done. When one has failed for good, no other begins: what goes on elsewhere
is followed to its end, what only waits is given up, and then the run ends.
"""

from collections.abc import Sequence

from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId, StepPath
from daytwo_store.states import ATTEMPT_LIVE, STEP_ENDS, AttemptState, RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import midway
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import succeed
from daytwo_workflows.life.moves import Turn, first_of
from daytwo_workflows.life.sending import let
from daytwo_workflows.life.steps.begin import begin
from daytwo_workflows.life.steps.call import closing
from daytwo_workflows.life.steps.called import CALLS
from daytwo_workflows.life.steps.table import KINDS
from daytwo_workflows.life.undoing import Ending, end_or_undo
from daytwo_workflows.life.window import all_is_stopped


async def next_of_steps(life: Life, tx: Tx, row: RunRow) -> Move:
    """A run whose lock was taken away is followed to its end, and sends nothing more."""
    steps = await runs.steps(tx.session, RunId(row.id))
    moves: list[Turn] = []
    ended = -1
    while ended != _ended(steps):  # what ends lets others begin, and so does what no longer waits for a person
        ended = _ended(steps)
        if row.state != RunState.NEEDS_ATTENTION or not any(step.state == StepState.HELD for step in steps):
            runs.move(tx, row, RunState.RUNNING)
        moves = [(step, move) for step in steps if (move := await _next(life, tx, row, step, steps)) is not None]
    if moves:
        return first_of(moves, tx.now)
    return await _over(life, tx, row, steps)


async def _next(life: Life, tx: Tx, row: RunRow, step: StepRow, steps: Sequence[StepRow]) -> Move | None:
    """The move of one step; None when it has ended, or its turn has not come."""
    kind = KINDS[step.kind]
    broken = _broken(steps)
    if step.state == StepState.PENDING and not broken and row.state == RunState.RUNNING and _ready(step, steps):
        if kind.writes and (stopped := await all_is_stopped(tx, row)) is not None:
            return stopped
        await begin(life, tx, row, step, steps)
    if step.state not in (StepState.RUNNING, StepState.HELD):
        return None
    if broken and not (kind.outside and await _under_way(tx, row, step)):
        await midway.withdraw(tx, step)
        runs.move_step(tx, step, StepState.CANCELLED, note=f"given up, because {broken.path} had failed")
        return None
    if broken:
        step.tries = 1  # the run cannot succeed any more: what fails now is not begun once more
    return await let(tx, row, step, await kind.next(life, tx, row, step))


async def _under_way(tx: Tx, row: RunRow, step: StepRow) -> bool:
    """May something of it go on elsewhere? What was sealed and not sent is given up."""
    if step.kind in CALLS:
        return await closing(tx, row, step)
    tries = await attempts.of_step(tx.session, RunId(step.run_id), StepPath(step.path))
    for attempt in tries:
        if attempt.state == AttemptState.INTENT:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note="another step had failed before it was sent")
    return any(attempt.state in ATTEMPT_LIVE for attempt in tries)


def _ready(step: StepRow, steps: Sequence[StepRow]) -> bool:
    if step.needs is None:
        needed = [one for one in steps if one.position < step.position]
    else:
        needed = [one for one in steps if one.path in step.needs]
    return all(_passed(one, steps) for one in needed)


def _passed(step: StepRow, steps: Sequence[StepRow]) -> bool:
    """Done; and where another run has done it, what comes before it is done as well: people decide on that anew."""
    return _done(step) and (runs.CARRIED not in (step.data or {}) or _ready(step, steps))


def _done(step: StepRow) -> bool:
    """Does the run go on after it?"""
    went_on = step.on_error == "continue" and step.state in (StepState.FAILED, StepState.CANCELLED)
    return went_on or step.state in (StepState.SUCCEEDED, StepState.SKIPPED)


def _broken(steps: Sequence[StepRow]) -> StepRow | None:
    """The step because of which the run cannot succeed any more."""
    lost = [step for step in steps if StepState(step.state) in STEP_ENDS and not _done(step)]
    return min(lost, key=_cause, default=None)


def _cause(step: StepRow) -> tuple[bool, bool, int]:
    """What was given up because of another one comes last."""
    return step.state != StepState.FAILED, not KINDS[step.kind].outside, step.position


def _ended(steps: Sequence[StepRow]) -> int:
    return sum(StepState(step.state) in STEP_ENDS for step in steps)


async def _over(life: Life, tx: Tx, row: RunRow, steps: Sequence[StepRow]) -> Move:
    """Nothing goes on: the run ends as its steps have, or what they have done is undone."""
    broken = _broken(steps)
    if broken is not None:
        state = RunState.CANCELLED if broken.state == StepState.CANCELLED else RunState.FAILED
        named = f"Step {broken.path}: " if len(steps) > 1 else ""
        reason = f"{named}{broken.note}" if broken.note else None
        return await end_or_undo(life, tx, row, steps, Ending(state=state, reason=reason))
    never = [step.path for step in steps if step.state == StepState.PENDING]
    if never:  # no table of moves leads here; if one ever does, it must not look like a success
        reason = f"Nothing goes on, and {', '.join(never)} has not begun. What the steps before did stays."
        await runs.end(tx, row, RunState.FAILED, reason=reason)
        return Move(what=What.END)
    lasted = [step for step in steps if step.kind == "temporary" and step.state == StepState.SUCCEEDED]
    if lasted:
        return await end_or_undo(life, tx, row, steps, Ending(state=RunState.SUCCEEDED, reason=lasted[-1].note))
    left = [step.path for step in steps if step.state in (StepState.FAILED, StepState.CANCELLED)]
    reason = f"Without {', '.join(left)}, which failed; the action goes on then." if left else None
    await succeed(tx, row, reason=reason)
    return Move(what=What.END)
