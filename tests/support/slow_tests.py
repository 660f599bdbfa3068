"""Which tests `make test` leaves out because they take long, by measurement: `tests/slow.txt`.

Again from the results of a whole run (`make test PYTEST="-m 'long or not long' --junitxml=results.xml"`):

    python tests/support/slow_tests.py results.xml

What an issue wants in `make test` stays in, and so does the quickest test of every file: what is broken there shows.
"""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

TESTS: Final = Path(__file__).parents[1]
LISTED: Final = TESTS / "slow.txt"
LIMIT: Final = 1.5  # seconds, on two busy cores
_ANYWAY: Final = 10.0  # the quickest of a file that takes longer than this is left out as well
_WHOLE: Final = ("tests/browser/", "tests/e2e/")  # a company starts for them, and what is slow there is left out whole
_STAYS: Final = (
    "tests/api/test_authorisation.py",  # the matrix
    "tests/browser/test_budget.py",
    "tests/browser/test_screens.py",  # the pictures that CI keeps
    "tests/chaos/",  # chooses for itself: `short`
    "tests/deploy/",
    "tests/test_docs.py",
)


def listed() -> frozenset[str]:
    lines = LISTED.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def slow(took: dict[str, float]) -> list[str]:
    """Of all tests, by the seconds that they took."""
    by_file = defaultdict(list)
    for test in took:
        by_file[test.partition("::")[0]].append(test)
    found: list[str] = []
    for file, tests in by_file.items():
        if file.startswith(_STAYS):
            continue
        quickest = None if file.startswith(_WHOLE) else min(tests, key=took.__getitem__)
        found += (
            test
            for test in tests
            if file.startswith("tests/e2e/") or (took[test] > LIMIT and (test != quickest or took[test] > _ANYWAY))
        )
    return sorted(found)


def took_of(results: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for case in ElementTree.parse(results).iter("testcase"):
        file = f"{(case.get('classname') or '').replace('.', '/')}.py"
        name = f"{file}::{case.get('name')}"
        found[name] = max(found.get(name, 0.0), float(case.get("time") or 0))
    return found


if __name__ == "__main__":
    tests = slow(took_of(Path(sys.argv[1])))
    head = f"# Made by tests/support/slow_tests.py: what took more than {LIMIT:g} s. `make e2e` plays it.\n"
    LISTED.write_text(head + "".join(f"{test}\n" for test in tests), encoding="utf-8")
    print(f"{len(tests)} tests in {LISTED}")
