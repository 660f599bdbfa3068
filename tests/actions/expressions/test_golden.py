"""Every expression of `golden.txt` still means what it meant: `=>` and its value, or `!!`, the column and the sentence.

The first character of an expression is column 1. To add one, write it with what it should come to: nothing makes the
file.
"""

import json
from pathlib import Path

import pytest

from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template

HERE = Path(__file__).parent
CONTEXT = json.loads((HERE / "context.json").read_text())
OPENING = "${{ "


def golden() -> list[tuple[str, str]]:
    lines = (HERE / "golden.txt").read_text().splitlines()
    found = []
    for line in lines:
        if line and not line.startswith("# "):
            mark = "=> " if " => " in line else "!! "
            expression, _, expected = line.partition(f" {mark}")
            found.append((expression.strip(), mark + expected))
    return found


def outcome(expression: str) -> str:
    try:
        value = Evaluator().evaluate(parse_template(f"{OPENING}{expression} }}}}"), CONTEXT)
    except ExpressionError as error:
        advice = f" {error.suggestion}" if error.suggestion else ""
        return f"!! {error.place.column - len(OPENING)} {error.message}.{advice}"
    return "=> " + json.dumps(value, ensure_ascii=False)


def test_the_file_covers_the_language() -> None:
    assert len(golden()) >= 300
    assert len({expression for expression, _ in golden()}) == len(golden())


@pytest.mark.parametrize(("expression", "expected"), golden(), ids=lambda text: text[:40])
def test_golden(expression: str, expected: str) -> None:
    assert outcome(expression) == expected
