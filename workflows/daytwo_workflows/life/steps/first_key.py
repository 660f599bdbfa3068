"""Whose key a request goes by that may be sent more than once: of the first run that may have had it carried out.

A run that goes on where another one ended asks the service for the same thing. Under a key of its own that would be a
second one, where nobody knows what became of the first.
"""

from daytwo_store import runs
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.tables import RunRow
from daytwo_workflows.life.undo_stack import took_effect
from daytwo_workflows.life.undone import undone_so_far


async def key_run(session: Session, run: RunRow, path: str) -> RunId:
    """Not past an undo of the step: after that it is to be done anew, and the service would take it for done."""
    found = at = run
    while at.resume_of is not None:
        at = await runs.peek(session, RunId(at.resume_of))
        steps = await runs.steps(session, RunId(at.id))
        undone = await undone_so_far(session, at, steps)
        if path in undone.done | undone.half:
            break
        step = next((one for one in steps if one.path == path), None)
        if step is not None and await took_effect(session, step):
            found = at
    return RunId(found.id)
