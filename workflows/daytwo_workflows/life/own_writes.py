"""What a run has itself written into the catalog is no drift of its plan: that step was part of what was planned."""

from collections.abc import Iterable, Sequence
from typing import Final

from daytwo_actions.plan.difference import Change
from daytwo_store.states import STEP_ENDS, StepState
from daytwo_store.tables import RunRow, StepRow

_READ: Final = "read.entity.properties."


def not_own(row: RunRow, steps: Iterable[StepRow], changes: Sequence[Change]) -> list[Change]:
    """The changes without properties that are now what this run has left there, and what ended steps had of them.

    Whatever a step that is still to come would get differently stays a change.
    """
    own = [change for change in changes if _is_own(row, change)]
    if not own:
        return list(changes)
    over = tuple(f"steps[{step.position}]." for step in steps if StepState(step.state) in STEP_ENDS)
    return [change for change in changes if change not in own and not change.name.startswith(over)]


def _is_own(row: RunRow, change: Change) -> bool:
    if not change.name.startswith(_READ):
        return False
    name = change.name.removeprefix(_READ)
    for written in reversed(row.changes):  # the newest of it counts
        if written["entity"] == row.entity:
            after = written["after"]
            left = after.get("properties") if isinstance(after, dict) else None
            return isinstance(left, dict) and name in left and left[name] == change.after
    return False
