"""Whether a run can be resumed, and what is different in the plan of the run that resumes it."""

import re
from typing import Final

from daytwo_actions.plan.difference import Change, differences
from daytwo_actions.plan.model import Plan, PlannedResume
from daytwo_store import runs
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import RunId
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.leases import is_lease
from daytwo_workflows.life.undone import to_undo, undone_so_far

_ENDS: Final = (RunState.FAILED, RunState.CANCELLED)
# Different in every plan, and repeated by what stands beside it.
_OF_THE_RUN: Final = re.compile(r"run|(cause|resumes|secrets)\b.*|(.*\.)?request(\..*)?|(.*\.)?expires_at")


async def why_not_resumable(session: Session, run: RunRow) -> str | None:
    """A sentence when this run cannot be gone on with, whoever asks."""
    state = RunState(run.state)
    if state not in RUN_ENDS:
        return f"It has not ended (it is {state}). Wait for it, or stop it."
    if state is RunState.SUCCEEDED:
        return "It has succeeded: there is nothing left to do."
    if state not in _ENDS:
        return "Nothing of it was ever sent. Start it again."
    if run.undo_of is not None:
        return "It undoes another run. Undo that one again."
    undone = await runs.undone_by(session, RunId(run.id))
    if undone is not None and undone.state == RunState.SUCCEEDED:
        return "What it had done was undone. Start it again."
    if await _is_being_undone(session, run):
        return "Another run takes back what it has done, or waits to do so. Wait for the end of that one, or stop it."
    if is_lease(run) and (stands := await to_undo(session, run)):
        names = ", ".join(step.path for step in stands)
        return f"What {names} did for a time stands, and nothing would take it back then. Undo the run first."
    later = await runs.resumed_by(session, RunId(run.id))
    if later is not None:
        return "Another run has gone on from here already. Resume that one, if it has ended."
    return None


async def _is_being_undone(session: Session, run: RunRow) -> bool:
    """It, or what it had carried over: whoever undoes holds the row of what is undone, so it is known here."""
    at: RunRow | None = run
    while at is not None:
        undo = await runs.undone_by(session, RunId(at.id))
        if undo is not None and RunState(undo.state) not in RUN_ENDS:
            return True
        at = await runs.peek(session, RunId(at.resume_of)) if at.resume_of is not None else None
    return False


async def must_be_resumable(tx: Tx, resumes: PlannedResume) -> None:
    """Asked again while the run's row is held: of two that resume it at once, one does, and what is to be carried over
    was not undone since somebody looked. Raises `Conflict`."""
    row = await runs.hold(tx, RunId(resumes.run))
    refused = await why_not_resumable(tx.session, row)
    if refused is not None:
        raise Conflict(f"{refused} Nothing was started.")
    undone = await undone_so_far(tx.session, row, await runs.steps(tx.session, RunId(row.id)))
    gone = sorted(resumes.done.keys() & undone.done)
    if gone:
        raise Conflict(f"{', '.join(gone)} was undone meanwhile. Nothing was started. Look again.")


def between(before: Plan, after: Plan) -> list[Change]:
    """What of the plan of a run is different in the one that resumes it."""
    every = differences(before.model_dump(mode="json"), after.model_dump(mode="json"))
    return [
        change
        for change in every
        if not _OF_THE_RUN.fullmatch(change.name) and not _is_its_own_name(change, before, after)
    ]


def _is_its_own_name(change: Change, before: Plan, after: Plan) -> bool:
    """Each says of itself which run it is, as in what it writes into the catalog."""
    return isinstance(change.before, str) and change.before.replace(before.run, after.run) == change.after
