"""`temporary`: what was done before lasts until a time that stands in its row; then the run undoes it (see `flow`).

Its end may be moved, by whom the action names, and it may be given back early; whatever was down when it came, it is
over as soon as somebody looks.
"""

from pydantic import JsonValue

from daytwo_actions.definitions.steps.temporary import OWNER
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


async def _begin(_life: Life, tx: Tx, run: RunRow, step: StepRow) -> None:
    """Raises `Rejected` when there is no such time."""
    given = step.given or {}
    step.due_at = until(given, tx.now)
    extend = given.get("extend")
    if isinstance(extend, dict):
        step.given = {**given, "extend": {**extend, "from": _named(extend["from"], run.owner)}}


def _named(entries: JsonValue, owner: str | None) -> list[JsonValue]:
    """`owner` by its name; nobody where nothing owns the entity."""
    assert isinstance(entries, list)
    return [owner if one == OWNER else one for one in entries if one != OWNER or owner is not None]


async def _next(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> Move | None:
    assert step.due_at is not None, "what is temporary knows its end"
    if tx.now >= step.due_at:
        await midway.withdraw(tx, step)  # nobody is asked any more whether it lasts longer
        runs.move_step(tx, step, StepState.SUCCEEDED, note=step.note or OVER)
        return None
    return Move(what=What.WAIT, seconds=max(0.05, (step.due_at - tx.now).total_seconds()))


TEMPORARY = Kind(begin=_begin, next=_next)
