"""Of several moves the one that is made first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from daytwo_store.tables import StepRow
from daytwo_workflows.contracts import Move, What

NOT_BEFORE: Final = "not_before"  # in a step's data: until then the others of its run come first

Turn = tuple[StepRow, Move]


def first_of(turns: Sequence[Turn], now: datetime) -> Move:
    """What can be done now, in the order of the steps; else the shortest wait.

    What was put off waits for its time where others go on; alone it is tried whenever somebody asks.
    """
    moves = [_in_its_time(step, move, now) if len(turns) > 1 else move for step, move in turns]
    doing = next((move for move in moves if move.what is not What.WAIT), None)
    if doing is not None:
        return doing
    return min(moves, key=lambda move: float("inf") if move.seconds is None else move.seconds)


def _in_its_time(step: StepRow, move: Move, now: datetime) -> Move:
    due = (step.data or {}).get(NOT_BEFORE)
    seconds = (datetime.fromisoformat(str(due)) - now).total_seconds() if due else 0.0
    return move if move.what is What.WAIT or seconds <= 0 else Move(what=What.WAIT, seconds=seconds)
