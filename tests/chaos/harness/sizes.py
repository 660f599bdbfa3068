"""How large a case is played: usually as fits a machine that does other things too, with `--long 1` as the test program
names it, and in between.

What was played and what was asked stand in the table of `python -m tests.chaos`.
"""

import os
from collections.abc import Callable
from typing import Final

import pytest

LONG: Final = "DAYTWO_CHAOS_LONG"
PROPERTY: Final = "size"
_PATIENCE: Final = 10  # times as long as usual a test may take when all is played

Sized = Callable[..., int]


def factor() -> float:
    """Between 0 (usual) and 1 (all of it)."""
    given = float(os.environ.get(LONG) or 0)
    if not 0 <= given <= 1:
        raise pytest.UsageError(f"--long ({LONG}) has to be between 0 and 1, and is {given}")
    return given


def sized(item: pytest.Item) -> Sized:
    """Asks for the size of something in a case, and notes it; `counted` is what really came of it."""

    def size(case: str, what: str, *, usual: int, asked: int, counted: int | None = None) -> int:
        played = round(usual + (asked - usual) * factor()) if counted is None else counted
        item.user_properties.append((PROPERTY, f"{case}|{what}|{played}|{asked}"))
        return played

    return size


def give_time(items: list[pytest.Item]) -> None:
    """Long tests may take longer."""
    if not factor():
        return
    for item in items:
        mark = item.get_closest_marker("timeout")
        if mark is not None and mark.args:
            item.add_marker(pytest.mark.timeout(mark.args[0] * (1 + _PATIENCE * factor())), append=False)
