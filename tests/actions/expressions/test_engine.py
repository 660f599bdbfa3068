"""What minijinja itself does, where we had to do otherwise. A red test here means that the engine has changed: look at
the wrapper before the pin is moved."""

import minijinja
import pytest


@pytest.fixture
def engine() -> minijinja.Environment:
    return minijinja.Environment(undefined_behavior="strict", fuel=10_000, pycompat=False)


def test_a_missing_member_alone_is_null_even_when_strict(engine: minijinja.Environment) -> None:
    assert engine.eval_expr("inputs.typo", inputs={}) is None


def test_a_string_is_ordered_against_a_number(engine: minijinja.Environment) -> None:
    assert engine.eval_expr("3 < 'a'") is True


def test_python_methods_can_be_reached(engine: minijinja.Environment) -> None:
    assert callable(engine.eval_expr("inputs.items", inputs={"a": 1}))


def test_null_becomes_text(engine: minijinja.Environment) -> None:
    assert engine.eval_expr("'v' ~ none") == "vNone"
    assert engine.eval_expr("none | lower") == "none"


def test_one_replace_grows_without_bound(engine: minijinja.Environment) -> None:
    assert engine.eval_expr("s | replace('', t) | length", s="a" * 1000, t="b" * 1000) > 1_000_000


def test_two_literals_beside_each_other_are_one(engine: minijinja.Environment) -> None:
    assert engine.eval_expr("'it''s'") == "its"


def test_errors_repeat_values(engine: minijinja.Environment) -> None:
    with pytest.raises(minijinja.TemplateError) as caught:
        engine.eval_expr("secret / 0", secret=7310)
    assert "7310" in str(caught.value.detail)


def test_an_exception_of_a_callback_comes_through_as_itself(engine: minijinja.Environment) -> None:
    class Own(Exception):
        pass

    def fail() -> None:
        raise Own

    with pytest.raises(Own):
        engine.eval_expr("fail()", fail=fail)


def test_the_place_of_an_error_counts_in_the_source(engine: minijinja.Environment) -> None:
    with pytest.raises(minijinja.TemplateError) as caught:
        engine.eval_expr("1 + (2 + 'x')")
    assert caught.value.range == (5, 12)
