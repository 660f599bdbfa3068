"""What an expression may cost: nothing that is written here may take long or grow large."""

import time

import pytest
from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, ExpressionError, Limits, parse_template

LONG = "x" * 60_000


def fault(text: str, **context: object) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        Evaluator().evaluate(parse_template(text), context)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "${{ 'a' * 900000000 }}",
        "${{ [1] * 100000000 }}",
        "${{ big ~ big }}",
        "${{ big | replace('x', big) }}",
        "${{ join([big, big, big], big) }}",
        "${{ [big, big] | join(big) }}",
        "${{ format('{0}{0}{0}{0}{0}{0}', big) }}",
        "${{ toJSON([big, big]) }}",
        "${{ [big, big] }}",
        "${{ big + big }}",
        "${{ big }}${{ big }}",
        "${{ big ~ " + "big ~ " * 300 + "big }}",
        "${{ range(1000000000) }}",
    ],
)
def test_bombs_are_refused_quickly(text: str) -> None:
    started = time.thread_time()
    fault(text, big=LONG)
    assert time.thread_time() - started < 1.0


def test_the_result_of_a_template_is_bounded_as_a_whole() -> None:
    value: list[JsonValue] = [f"${{{{ big }}}}{number}" for number in range(3)]
    with pytest.raises(ExpressionError, match="larger than 65536 bytes"):
        Evaluator().evaluate(parse_template(value), {"big": "x" * 30_000})
    assert Evaluator().evaluate(parse_template(value[:2]), {"big": "x" * 30_000})


def test_the_bound_counts_bytes() -> None:
    with pytest.raises(ExpressionError, match="larger than 100 bytes"):
        Evaluator(Limits(result=100)).evaluate(parse_template("${{ text }}"), {"text": "ä" * 60})


def test_fuel_runs_out() -> None:
    template = parse_template("${{ " + " + ".join(["n"] * 200) + " }}")
    assert Evaluator().evaluate(template, {"n": 1}) == 200
    with pytest.raises(ExpressionError, match="takes too long"):
        Evaluator(Limits(fuel=50)).evaluate(template, {"n": 1})


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 5000,
        "{'a':" * 5000,
        "not " * 5000 + "x",
        "1" + " if 1 else 1" * 5000,
        "a" + ".b" * 100_000,
        "a" + "[0]" * 100_000,
        "a" + "[b]" * 5000,
        "a" + "|upper" * 5000,
        "1" + "*1" * 5000,
        "1" + "+1" * 5000,
        "a" + " or a" * 5000,
        "f(" * 5000,
        "'" + "x" * 100_000,
        "'" + "\\n" * 50_000 + "'",
    ],
    ids=lambda text: text[:12],
)
def test_long_and_deep_sources_are_refused_or_read_but_never_break(text: str) -> None:
    started = time.thread_time()
    with pytest.raises(ExpressionError):
        Evaluator().evaluate(parse_template("${{ " + text + " }}"), {"a": 1})
    assert time.thread_time() - started < 1.0


def test_what_is_nested_as_deep_as_allowed_works() -> None:
    depth = 31
    text = "(" * depth + "1" + ")" * depth
    assert Evaluator().evaluate(parse_template("${{ " + text + " }}"), {}) == 1
    ternary = "'a' if false else " * depth + "'end'"
    assert Evaluator().evaluate(parse_template("${{ " + ternary + " }}"), {}) == "end"
    listed = "[" * depth + "]" * depth
    assert Evaluator().evaluate(parse_template("${{ " + listed + " }}"), {}) is not None


def test_long_chains_are_not_deep() -> None:
    text = " and ".join(["a == 1"] * 300)
    assert Evaluator().evaluate(parse_template("${{ " + text + " }}"), {"a": 1}) is True


def test_a_value_nested_too_deep_is_refused() -> None:
    value: JsonValue = 1
    for _ in range(200):
        value = [value]
    assert "nested too deep" in str(fault("${{ value }}", value=value))
    assert "nested too deep" in str(fault("${{ value == 1 }}", value=value))


def test_a_template_nested_too_deep_is_refused() -> None:
    value: JsonValue = "${{ 1 }}"
    for _ in range(100):
        value = [value]
    with pytest.raises(ExpressionError, match="nested deeper"):
        parse_template(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**60), 10**400])
def test_numbers_that_json_does_not_keep_are_refused(value: float) -> None:
    assert fault("${{ value }}", value=value).message
    assert fault("${{ value == 1 }}", value=value).message


def test_half_a_surrogate_pair_is_refused() -> None:
    assert fault("${{ value }}", value="\ud800").message
    assert fault("${{ value ~ 'x' }}", value="\ud800").message
    assert fault("${{ value }} text", value="\ud800").message
