"""`make security`: the tests of the named cases of docs/reference/cases.md, and a table of what came of them.

`python -m tests.security [CASE ...]`. The exit code is pytest's: a case without a test is shown and fails nothing.
"""

import sys
from collections import Counter
from dataclasses import dataclass, field

import pytest
from tests.security.cases import NAMED, PAGE, Case, cases


@dataclass(eq=False)
class Tally:
    """Counts outcomes by test function, as a plugin of pytest.

    An input is one set of parameters, or as many as the test itself counted (`record_property("inputs", n)`).
    """

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    inputs: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)  # why

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        test = report.nodeid.partition("[")[0].removeprefix("tests/")
        self.outcomes.setdefault(test, Counter())[report.outcome] += 1
        if report.skipped:
            self.skipped[test] = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        told = [value for name, value in report.user_properties if name == "inputs"]
        self.inputs[test] += int(str(told[0])) if told else 1

    def row(self, case: Case) -> str:
        inputs = sum(self.inputs[test] for test in case.tests)
        return f"| {case.number} | {case.what} | {inputs} | {self.result(case)} |"

    def result(self, case: Case) -> str:
        counted = sum((self.outcomes.get(test, Counter()) for test in case.tests), Counter[str]())
        missing = [test for test in case.tests if test not in self.outcomes]
        said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items()))
        said += "".join(f"; {self.skipped[test]}" for test in case.tests if test in self.skipped)
        if not case.tests:
            said = case.without
        elif missing:
            said = f"{said or 'nothing'}; did not run: {', '.join(missing)}"
        return said


def main(chosen: list[str]) -> int:
    wanted = chosen or list(NAMED)
    listed = {case.number: case for case in cases(PAGE.read_text())}
    rows = [listed.get(number, Case(number, "", ())) for number in wanted]
    tests = sorted({f"tests/{test}" for row in rows for test in row.tests})
    tally = Tally()
    code = pytest.main([*tests, "-q", "-m", "chaos or not chaos"], plugins=[tally]) if tests else 0
    print("\n| case | what happens | inputs tried | result |\n|---|---|---|---|")
    print("\n".join(tally.row(row) for row in rows))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
