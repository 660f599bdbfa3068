"""`make chaos`: all of tests/chaos and tests/e2e, the other tests of its cases, and a table of what came of each case.

`python -m tests.chaos [argument of pytest …]`. The cases are those of docs/reference/cases.md between us and the CI
systems; some of their tests lie beside the part that they are about. The exit code is pytest's.
"""

import sys
import time
from collections import Counter

import pytest
from tests.security.__main__ import Tally
from tests.security.cases import PAGE, PLAYED, Case, cases

_FOLDERS = ("tests/chaos", "tests/e2e")


def main(arguments: list[str]) -> int:
    rows = [case for case in cases(PAGE.read_text()) if case.number in PLAYED]
    tally, began = Tally(), time.monotonic()
    code = pytest.main([*_FOLDERS, *elsewhere(rows), "-m", "chaos or not chaos", *arguments], plugins=[tally])
    print("\n| case | what happens | played | result |\n|---|---|---|---|")
    print("\n".join(tally.row(row) for row in rows))
    outcomes = sum(tally.outcomes.values(), Counter[str]())
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"\n{len(rows)} cases; of all tests {told or 'none was played'}; {time.monotonic() - began:.0f} s.")
    return int(code)


def elsewhere(rows: list[Case]) -> list[str]:
    """Tests of the cases that do not lie in the folders."""
    named = {f"tests/{test}" for row in rows for test in row.tests}
    return sorted(test for test in named if not test.startswith(tuple(f"{folder}/" for folder in _FOLDERS)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
