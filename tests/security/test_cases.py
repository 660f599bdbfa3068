"""docs/reference/cases.md: each case of the test program is there, and the tests that it names are."""

import re

import pytest
from tests.chaos.__main__ import Played, elsewhere
from tests.chaos.harness import sizes
from tests.security.__main__ import Tally
from tests.security.cases import NAMED, NO_TEST, PAGE, PLAYED, TESTS, Case, cases

# S32 needs a browser; runs of weeks (R45) and killed migrations (R54) have neither a CI system nor an attacker.
EXPECTED = {*NAMED, *PLAYED, "S32", "R45", "R54"}
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


def test_the_fifteen_acceptance_tests_have_a_row_each_and_its_tests_are_there() -> None:
    _, _, text = PAGE.read_text().partition("## Fifteen acceptance tests")
    rows = dict(re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|", text, re.MULTILINE))
    assert list(rows) == [str(number) for number in range(1, 16)]
    for named in rows.values():
        found = re.findall(r"`([^`:]+)::([^`]+)`", named)
        assert found
        for file, name in found:
            assert f"def {name}(" in (TESTS / file).read_text(), f"there is no {file}::{name}"


def test_each_case_that_is_played_meets_the_oracle_and_nothing_of_it_is_left_out() -> None:
    """Whatever lies beside the parts is played as well; and each has a test in the whole house."""
    played = [row for row in ROWS if row.number in PLAYED]
    outside = elsewhere(played)
    for row in played:
        house = [test for test in row.tests if test.startswith("chaos/")]
        assert house, f"{row.number} is never played in the whole house"
        assert {f"tests/{test}" for test in row.tests if test not in house} <= set(outside)


def test_what_was_played_of_a_size_stands_beside_what_is_asked(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Case("R9", "the worker is killed", ("chaos/a.py::test_a",))
    for given, runs, kills in (("0", 40, 6), ("0.5", 270, 103), ("1", 500, 200)):
        monkeypatch.setenv(sizes.LONG, given)
        item = pytest.Function.from_parent(request.node.parent, name="test_one", callobj=lambda: None)
        sized = sizes.sized(item)
        assert (sized("R9", "runs", usual=40, asked=500), sized("R9", "kills", usual=6, asked=200)) == (runs, kills)
        told = report("chaos/a.py::test_a", "passed")
        told.user_properties += item.user_properties
        tally = Played()
        tally.pytest_runtest_logreport(told)
        cells = f"1 | {runs} runs, {kills} kills | 500 runs, 200 kills | 1 passed"
        assert tally.line(row) == f"| R9 | the worker is killed | {cells} |"
    monkeypatch.setenv(sizes.LONG, "2")
    with pytest.raises(pytest.UsageError, match="between 0 and 1"):
        sizes.factor()


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
    skipped = report("x.py::test_d", "skipped")
    skipped.longrepr = ("x.py", 1, "Skipped: nobody answers")
    tally.pytest_runtest_logreport(skipped)
    assert tally.row(Case("S48", "w", ("x.py::test_d",))).endswith("| 1 skipped; Skipped: nobody answers |")
