"""Whatever is written between the braces, the answer is a value or an `ExpressionError`."""

import json
import re

import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, ExpressionError, names, parse_template

EVALUATOR = Evaluator()
WORDS = st.sampled_from(
    [
        *(
            "inputs",
            "a",
            "b",
            "entity",
            "secrets",
            "true",
            "false",
            "null",
            "none",
            "1",
            "0",
            "2.5",
            "1e9",
            "''",
            "'x'",
        ),
        *("and", "or", "not", "in", "is", "if", "else", "defined", "none", "string", "odd", "=", "==", "!=", "<", ">="),
        *("+", "-", "*", "/", "//", "%", "~", "|", ".", ",", ":", "(", ")", "[", "]", "{", "}", "}}", "${{", "{%"),
        *("upper", "default", "join", "first", "sort", "contains", "format", "fromJSON", "toJSON", "length"),
        *(" ", "  ", "\n", "é", "\\", "'", '"', "`", "&&", "||", "!", "#}", "%}", '"y"', "9" * 50, "\ud800"),
    ]
)
LOGIC = st.sampled_from(["true", "false", "and", "or", "not", "1 < 2", "2 == 3"])
SOURCES = st.lists(WORDS, max_size=25).map(" ".join) | st.lists(WORDS, max_size=25).map("".join) | st.text(max_size=60)


STORABLE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def json_of(scalars: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STORABLE, inner, max_size=4),
        max_leaves=8,
    )


VALUES = json_of(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20))
INPUTS = st.fixed_dictionaries({"a": VALUES, "b": VALUES})
CONTEXTS = st.fixed_dictionaries({"inputs": INPUTS, "a": VALUES, "b": VALUES})
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
PLAIN = json_of(st.none() | st.booleans() | WHOLE | STORABLE)


def attempt(text: str, context: dict[str, object]) -> None:
    try:
        template = parse_template(text)
        for name in names(template):
            assert name.place.text == text
            assert name.place.excerpt()
        value = EVALUATOR.evaluate(template, context)
    except ExpressionError as error:
        well_formed(error)
    else:
        assert len(rfc8785.dumps(value)) <= 64 * 1024


def well_formed(error: ExpressionError) -> None:
    assert error.detail
    assert error.place.line >= 1
    assert error.place.column >= 1


@settings(max_examples=300, deadline=None)
@given(SOURCES, CONTEXTS)
@example("${{ 1 }}", {})
@example("\ud800", {})
def test_nothing_but_expression_errors(source: str, context: dict[str, object]) -> None:
    attempt("${{ " + source + " }}", context)
    attempt(source, context)


@settings(max_examples=200, deadline=None)
@given(PLAIN)
def test_a_value_comes_out_as_it_went_in(value: JsonValue) -> None:
    assert EVALUATOR.evaluate(parse_template("${{ it }}"), {"it": value}) == value
    assert EVALUATOR.evaluate(parse_template("${{ [it] }}"), {"it": value}) == [value]
    assert EVALUATOR.evaluate(parse_template("${{ it if true else 0 }}"), {"it": value}) == value


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40).filter(lambda text: "\n" not in text))
def test_text_written_as_a_literal_is_that_text(text: str) -> None:
    literal = json.dumps(text)
    source = f"${{{{ {literal} ~ '' }}}}"
    if re.search(r"\\(ud[89a-f]|u0000|b|f)", literal):
        return  # escapes that only JSON has
    assert EVALUATOR.evaluate(parse_template(source), {}) == text


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["1", "2", "3", "0.5", "n"]),
        lambda inner: st.builds(
            lambda left, sign, right: f"({left} {sign} {right})", inner, st.sampled_from(["+", "-", "*"]), inner
        ),
        max_leaves=12,
    )
)
def test_arithmetic_agrees_with_python(source: str) -> None:
    expected = eval(source, {"n": 7})
    assert EVALUATOR.evaluate(parse_template(f"${{{{ {source} }}}}"), {"n": 7}) == expected


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["true", "false", "and", "or", "not", "1 < 2", "2 == 3"]), min_size=1, max_size=9).map(
        " ".join
    )
)
def test_logic_binds_as_in_python(source: str) -> None:
    try:
        expected = eval(source, {"true": True, "false": False})
    except SyntaxError:
        attempt(f"${{{{ {source} }}}}", {})
        return
    assert EVALUATOR.evaluate(parse_template(f"${{{{ {source} }}}}"), {}) is expected
