"""What undo would bring back, and why it may not be possible."""

from typing import Final

from daytwo_actions.plan.model import Plan
from daytwo_store import locks, runs
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.run_visibility import Onlooker, among
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.leases import is_lease
from daytwo_workflows.life.locking import named
from daytwo_workflows.life.undone import to_undo

UNDECLARED: Final = "The action does not say how it is undone."
NOTHING_EARLIER: Final = "There is no earlier successful run here to go back to."
_TAKEN: Final = "Its lock was taken away while it ran, so nobody knows what an undo would go back over."


async def why_not_undoable(session: Session, run: RunRow, by: Onlooker) -> str | None:
    """A sentence when this run cannot be undone, whoever asks; `by` is who reads it."""
    refused = await _why_not(session, run)
    if refused is not None:
        return refused
    keys = locks.keys_of(run)
    goes_back = keys and run.ended_at and not is_lease(run)  # what was there for a time is taken back in any case
    later = await runs.succeeded_after(session, keys, run.ended_at) if goes_back and run.ended_at else None
    if later is not None:
        who = await _named(session, later, by)
        return f"{who} has changed {named(run)} since. Undo that one first, or run the action anew."
    undoing = await runs.undone_by(session, RunId(run.id))
    if undoing is not None and RunState(undoing.state) not in RUN_ENDS:
        return f"{await _named(session, undoing, by)} is undoing it already."
    further = await _goes_on_in(session, run)
    if further is not None:
        return f"{await _named(session, further, by)} goes on from where it ended. Wait for its end, or stop it first."
    return None


async def _goes_on_in(session: Session, run: RunRow) -> RunRow | None:
    """An open run that has carried over what it has done, whatever number of runs is between them."""
    later = await runs.resumed_by(session, RunId(run.id))
    while later is not None and RunState(later.state) in RUN_ENDS:
        later = await runs.resumed_by(session, RunId(later.id))
    return later


async def _why_not(session: Session, run: RunRow) -> str | None:
    """By what it is: it goes back to the inputs of an earlier run, or takes back what its steps have done."""
    whole = await runs.declares_undo(session, run)
    if not whole and Plan.model_validate_json(run.plan).undo:
        return await _why_not_its_steps(session, run)
    if run.state != RunState.SUCCEEDED:
        return "Only a run that has succeeded can be undone; what a failed one left behind is in its log."
    if not whole:
        return UNDECLARED
    if run.lock_taken_at is not None:
        return _TAKEN
    if run.lock_key is None or run.previous_run is None:
        return NOTHING_EARLIER
    return None


async def _why_not_its_steps(session: Session, run: RunRow) -> str | None:
    if RunState(run.state) not in RUN_ENDS:
        return "It has not ended. Wait for it, or stop it."
    if run.lock_taken_at is not None and not is_lease(run):
        return _TAKEN
    if not await to_undo(session, run):
        return "Nothing of what it did is left to be undone."
    return None


async def _named(session: Session, run: RunRow, by: Onlooker) -> str:
    """A run that may not be seen is not named."""
    return f"Run {run.id}" if run.id in await among(session, [run.id], by) else "Another run"
