"""Of several moves the one that is made first."""

from collections.abc import Sequence

from daytwo_workflows.contracts import Move, What


def first_of(moves: Sequence[Move]) -> Move:
    """What can be done now, in the order of the steps; else the shortest wait."""
    doing = next((move for move in moves if move.what is not What.WAIT), None)
    if doing is not None:
        return doing
    return min(moves, key=lambda move: float("inf") if move.seconds is None else move.seconds)
