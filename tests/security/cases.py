"""The table of cases in docs/reference/cases.md: which test is which case."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
PAGE: Final = TESTS.parent / "docs/reference/cases.md"
NO_TEST: Final = "no test"

# What `make security` runs: bad input, attacks, and what decides under faults.
ATTACKS: Final = (1, 3, 4, 6, 10, 12, 13, 14, 15, 19, 28, 30, 31, 34, 35, 37, 38, 40, 42, 43, 45, 46, 48, 50)
FAULTS: Final = (34, 36, 37, 39, 40, 42, 46, 47, 53)
NAMED: Final = tuple(f"S{number}" for number in ATTACKS) + tuple(f"R{number}" for number in FAULTS)

# What `make chaos` plays: faults, and attacks that come from CI systems.
_FAULTS: Final = (1, 4, 5, 7, 9, 10, 11, 13, 14, 16, 17, 18, 19, 20, 22, 23, 25, 26, 27, 28, 29, 30, 32, 33)
_FOREIGN: Final = (17, 18, 21, 23, 24, 26, 41)
PLAYED: Final = tuple(f"R{number}" for number in _FAULTS) + tuple(f"S{number}" for number in _FOREIGN)


@dataclass(frozen=True)
class Case:
    """One row: its number ("S1"), what happens, and its tests as `file::function` below tests/."""

    number: str
    what: str
    tests: tuple[str, ...]
    without: str = NO_TEST  # what is said in place of tests


def cases(text: str) -> list[Case]:
    """All rows of the table, in its order. A cell without backticks names no test and says why."""
    found = []
    for line in text.splitlines():
        if line.startswith(("| R", "| S")):
            number, what, named = (cell.strip() for cell in line.strip("|").split("|"))
            if named.startswith("`"):
                found.append(Case(number, what, tuple(named.replace("`", "").split(", "))))
            else:
                found.append(Case(number, what, (), named))
    return found
