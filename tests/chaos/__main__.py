"""`make chaos`: all of tests/chaos and tests/e2e, the other tests of its cases, and a table of what came of each case.

`python -m tests.chaos [--long FACTOR] [argument of pytest …]`. The cases are those of docs/reference/cases.md between
us and the CI systems; some of their tests lie beside the part that they are about. With `--long 1` each case is as
large as the test program names it, which takes hours; 0 is usual. The exit code is pytest's.
"""

import argparse
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from tests.chaos.harness.sizes import LONG, PROPERTY
from tests.security.__main__ import Tally
from tests.security.cases import PAGE, PLAYED, Case, cases

_FOLDERS = ("tests/chaos", "tests/e2e")


@dataclass(eq=False)
class Played(Tally):
    """Counts sizes as well: of each case what was played and what the test program asks for."""

    sizes: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        super().pytest_runtest_logreport(report)
        for name, value in report.user_properties if report.when == "call" else ():
            if name == PROPERTY:
                case, what, played, asked = str(value).split("|")
                self.sizes.setdefault(case, {})[what] = (int(played), int(asked))

    def line(self, case: Case) -> str:
        """A row: what was played of what was asked, else how many tests it has."""
        known = self.sizes.get(case.number, {})
        tests = sum(self.inputs[test] for test in case.tests)
        played = ", ".join(f"{one:,} {what}" for what, (one, _) in known.items())
        asked = ", ".join(f"{one:,} {what}" for what, (_, one) in known.items())
        cells = (case.number, case.what, f"{tests}", played or "–", asked or "–", self.result(case))
        return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", allow_abbrev=False)
    parser.add_argument("--long", type=float, default=0.0, help="0: usual sizes; 1: those of the test program")
    given, further = parser.parse_known_args(arguments)
    os.environ[LONG] = str(given.long)
    rows = [case for case in cases(PAGE.read_text()) if case.number in PLAYED]
    tally, began = Played(), time.monotonic()
    code = pytest.main([*_FOLDERS, *elsewhere(rows), "-m", "long or not long", *further], plugins=[tally])
    print("\n| case | what happens | tests | played | asked | result |\n|---|---|---|---|---|---|")
    print("\n".join(tally.line(row) for row in rows))
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
