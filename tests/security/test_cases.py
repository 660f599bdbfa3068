"""docs/reference/cases.md: each case of the test program is there, and the tests that it names are."""

import pytest
from tests.chaos.__main__ import elsewhere
from tests.security.__main__ import Tally
from tests.security.cases import NAMED, NO_TEST, PAGE, PLAYED, TESTS, Case, cases

EXPECTED = {*NAMED, *PLAYED, "S32"}  # S32 needs a browser
ROWS = cases(PAGE.read_text())


def test_every_case_has_a_row_in_order() -> None:
    numbers = [row.number for row in ROWS]
    assert set(numbers) == EXPECTED
    assert numbers == sorted(numbers, key=lambda number: (number[0], int(number[1:])))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_the_tests_that_a_case_names_are_there(row: Case) -> None:
    for test in row.tests:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(), f"there is no {test}"


def test_each_case_that_is_played_meets_the_oracle_and_nothing_of_it_is_left_out() -> None:
    """Whatever lies beside the parts is played as well; and each has a test in the whole house."""
    played = [row for row in ROWS if row.number in PLAYED]
    outside = elsewhere(played)
    for row in played:
        house = [test for test in row.tests if test.startswith("chaos/")]
        assert house or row.number == "R18", f"{row.number} is never played in the whole house"
        assert {f"tests/{test}" for test in row.tests if test not in house} <= set(outside)


def report(test: str, outcome: str, inputs: int | None = None) -> pytest.TestReport:
    told: list[tuple[str, object]] = [] if inputs is None else [("inputs", inputs)]
    return pytest.TestReport(
        f"tests/{test}",
        ("", None, ""),
        {},
        outcome,
        None,
        "call",
        user_properties=told,  # type: ignore[arg-type]
    )


def test_what_came_of_a_case_is_counted_and_what_did_not_run_is_said() -> None:
    tally = Tally()
    for parameter in "ab":
        tally.pytest_runtest_logreport(report(f"x.py::test_a[{parameter}]", "passed"))
    tally.pytest_runtest_logreport(report("x.py::test_b", "failed", 40))
    assert tally.row(Case("S1", "w", ("x.py::test_a", "x.py::test_b"))) == "| S1 | w | 42 | 1 failed, 2 passed |"
    assert "did not run: x.py::test_c" in tally.row(Case("S1", "w", ("x.py::test_a", "x.py::test_c")))
    assert tally.row(Case("S48", "w", ())).endswith(f"| 0 | {NO_TEST} |")
