"""Whether a run can be resumed, and what is different in the plan of the run that resumes it."""

import re
from typing import Final

from daytwo_actions.plan.difference import Change, differences
from daytwo_actions.plan.model import Plan
from daytwo_store import runs
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import RunId
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import RunRow

_ENDS: Final = (RunState.FAILED, RunState.CANCELLED)
# Different in every plan, and repeated by what stands beside it.
_OF_THE_RUN: Final = re.compile(r"run|(resumes|secrets)\b.*|(.*\.)?request(\..*)?|(.*\.)?expires_at")


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
    later = await runs.resumed_by(session, RunId(run.id))
    if later is not None:
        return "Another run has gone on from here already. Resume that one, if it has ended."
    return None


async def must_be_resumable(tx: Tx, run: RunId) -> None:
    """Asked again while the run's row is held: of two that resume it at once, one does. Raises `Conflict`."""
    refused = await why_not_resumable(tx.session, await runs.hold(tx, run))
    if refused is not None:
        raise Conflict(f"{refused} Nothing was started.")


def between(before: Plan, after: Plan) -> list[Change]:
    """What of the plan of a run is different in the one that resumes it."""
    every = differences(before.model_dump(mode="json"), after.model_dump(mode="json"))
    return [change for change in every if not _OF_THE_RUN.fullmatch(change.name)]
