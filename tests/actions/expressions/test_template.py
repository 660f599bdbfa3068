"""Templates: what keeps its type, what is joined, what is named where, and what is refused."""

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import JsonValue
from template_corpus import CORPUS

from daytwo_actions.expressions import Evaluator, ExpressionError, has_expression, names, parse_template

INPUTS = {"version": "1.10", "commit": "123e456", "build": "007", "count": 5, "tags": ["a"], "nothing": None}


def evaluate(value: JsonValue, **context: object) -> JsonValue:
    return Evaluator().evaluate(parse_template(value), {"inputs": INPUTS, **context})


def fault(value: JsonValue, **context: object) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        evaluate(value, **context)
    return caught.value


@pytest.mark.parametrize("name", ["version", "commit", "build", "count", "tags", "nothing"])
def test_one_expression_keeps_the_type_of_its_value(name: str) -> None:
    value = evaluate(f"${{{{ inputs.{name} }}}}")
    assert value == INPUTS[name]
    assert type(value) is type(INPUTS[name])


def test_anything_beside_an_expression_makes_text() -> None:
    assert evaluate("v${{ inputs.version }}") == "v1.10"
    assert evaluate("${{ inputs.count }}${{ inputs.build }}") == "5007"
    assert evaluate(" ${{ inputs.count }}") == " 5"
    assert evaluate("${{ true }}!") == "true!"


def test_null_and_collections_are_not_joined_into_text() -> None:
    assert "default" in str(fault("${{ inputs.nothing }}/x"))
    assert fault("${{ inputs.nothing }}/x").absent
    assert "join" in str(fault("x${{ inputs.tags }}"))


def test_templates_are_any_json() -> None:
    value: JsonValue = {"a": ["${{ inputs.count }}", None, True, 1.5], "b": {"c": "x${{ inputs.build }}"}}
    assert evaluate(value) == {"a": [5, None, True, 1.5], "b": {"c": "x007"}}
    assert evaluate("no expression, { braces } and $ and {{ these }}") == (
        "no expression, { braces } and $ and {{ these }}"
    )


def test_braces_inside_an_expression_do_not_close_it() -> None:
    assert evaluate("${{ {'a': {'b': 1}}}}") == {"a": {"b": 1}}
    assert evaluate("${{ '}}' }}}}") == "}}}}"
    assert evaluate("${{ '${{' }} literally") == "${{ literally"


@pytest.mark.parametrize(
    "text", ["${{ user.token }}", "{{ 7*7 }}", "{% raw %}", "${{ secrets.x }}", "${{", "' ~ inputs.x ~ '", "}}"]
)
def test_values_are_never_read_as_templates(text: str) -> None:
    context = {"typed": {"value": text}, "user": {"token": "T"}}
    assert evaluate("${{ typed.value }}", **context) == text
    assert evaluate("x${{ typed.value }}", **context) == f"x{text}"
    assert evaluate("${{ format('{0}', typed.value) }}", **context) == text


def test_names_come_with_their_places() -> None:
    template = parse_template({"a": "x ${{ inputs.tags[0] }}\n${{ user['name'] or inputs[user.key].z }}"})
    found = [(name.dotted, name.pointer, name.place.line, name.place.column) for name in names(template)]
    assert found == [
        ("inputs.tags[0]", "/a", 1, 7),
        ("user.name", "/a", 2, 5),
        ("inputs", "/a", 2, 21),
        ("user.key", "/a", 2, 28),
    ]
    assert names(template)[0].part(1).column == 14


def test_names_in_branches_that_are_not_taken_are_named_too() -> None:
    template = parse_template("${{ a.b if c.d is defined else e.f | default(g.h) }}")
    assert [name.dotted for name in names(template)] == ["a.b", "c.d", "e.f", "g.h"]


def test_an_error_points_at_the_place() -> None:
    error = fault({"list": ["first", "deploy ${{ inputs.verison }} now"]})
    assert error.place.pointer == "/list/1"
    assert (error.place.line, error.place.column) == (1, 19)
    assert error.detail.splitlines()[1:] == [
        "  deploy ${{ inputs.verison }} now",
        "                    ^^^^^^^",
    ]
    assert error.suggestion == "Did you mean `version`?"
    assert error.errors[0].pointer == "/list/1"


def test_an_error_in_a_long_line_shows_what_is_around_it() -> None:
    error = fault("x" * 500 + "${{ inputs.verison }}" + "y" * 500)
    line, caret = error.detail.splitlines()[1:]
    assert len(line) < 120
    assert line[caret.index("^") : caret.rindex("^") + 1] == "verison"


def test_an_error_in_a_later_line_shows_that_line() -> None:
    error = fault("one\ntwo ${{ 1 +\n inputs.typo }}")
    assert (error.place.line, error.place.column) == (3, 9)
    assert error.detail.splitlines()[1:] == ["   inputs.typo }}", "          ^^^^"]


@pytest.mark.parametrize("text", ["{% if a %}b{% endif %}", "a {# note #} b", "${{ 1 }}{%- set x=1 -%}"])
def test_statements_and_comments_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="no statements and no comments"):
        parse_template(text)


def test_half_a_statement_is_text() -> None:
    assert evaluate("50{% of it, and {# 1") == "50{% of it, and {# 1"


@pytest.mark.parametrize("named", ["secrets", "secrets.token.x", "secrets[0]", "false and secrets"])
def test_a_secret_is_named_whole_and_alone(named: str) -> None:
    """Where one may stand at all is said where definitions are checked."""
    with pytest.raises(ExpressionError, match=r"A secret is named as `secrets\.<name>`"):
        parse_template({"deep": ["a ${{ " + named + " }}"]})


def test_nobody_hands_a_secret_to_an_expression() -> None:
    with pytest.raises(ExpressionError, match="secrets"):
        evaluate("${{ secrets.token }}")


def test_a_key_is_plain_text() -> None:
    with pytest.raises(ExpressionError, match="A key is plain text"):
        parse_template({"${{ inputs.version }}": 1})


def test_an_expression_that_is_not_closed_is_told() -> None:
    error = fault("a ${{ inputs.version")
    assert error.message == "The expression is not closed"
    assert (error.place.column, error.suggestion) == (3, "Add `}}`.")


def test_errors_never_repeat_a_value() -> None:
    context = {"typed": {"value": "hunter2", "number": 7310, "map": {"hunter2": 1}}}
    for text in (
        "${{ typed.value + 1 }}",
        "${{ typed.number / 0 }}",
        "${{ typed.value < 1 }}",
        "${{ typed.value | int }}",
        "${{ fromJSON(typed.value) }}",
        "${{ typed.value.member }}",
        "${{ typed.map[typed.value].x }}",
        "${{ format(typed.value ~ '{', 1) }}",
        "${{ 1 in typed.number }}",
    ):
        error = fault(text, **context)
        assert "hunter2" not in error.detail.replace(text, "")
        assert "7310" not in error.detail.replace(text, "")
        logged = "".join(traceback.format_exception(error))  # with everything that it was raised from
        assert "hunter2" not in logged
        assert "7310" not in logged


def test_only_json_enters_and_leaves() -> None:
    class Secretive:
        token = "T"

    assert "not JSON" in str(fault("${{ thing }}", thing=Secretive()))
    assert "not JSON" in str(fault("${{ [thing] }}", thing=Secretive()))
    assert "text and has no members" in str(fault("${{ word.upper }}", word="x"))
    assert "is not defined" in str(fault("${{ table.items }}", table={"a": 1}))
    assert "has no members" in str(fault("${{ thing.token }}", thing=Secretive()))


def test_evaluation_changes_nothing() -> None:
    context = {"list": [3, 1, 2], "map": {"a": [1]}}
    Evaluator().evaluate(parse_template("${{ list | sort | reverse | join }}${{ (map.a + [2]) | tojson }}"), context)
    result = Evaluator().evaluate(parse_template("${{ map }}"), context)
    assert isinstance(result, dict)
    result["b"] = 2
    assert context == {"list": [3, 1, 2], "map": {"a": [1]}}


def test_threads_share_an_evaluator() -> None:
    evaluator = Evaluator()
    template = parse_template("${{ n * 2 if n % 2 == 0 else format('odd {0}', n) }}")

    def work(start: int) -> list[JsonValue]:
        return [evaluator.evaluate(template, {"n": n}) for n in range(start, start + 500)]

    with ThreadPoolExecutor(4) as pool:
        for start, values in zip(range(0, 2000, 500), pool.map(work, range(0, 2000, 500)), strict=True):
            assert values == [n * 2 if n % 2 == 0 else f"odd {n}" for n in range(start, start + 500)]


def test_has_expression_looks_everywhere() -> None:
    assert has_expression({"a": [1, {"b": "x ${{ y }}"}]})
    assert not has_expression({"a": [1, None, "{{ y }}", "$"]})


def test_no_language_of_templates_is_read_in_values(record_property: Callable[[str, object], None]) -> None:
    """Wherever a value comes from: an input, an entity, a group, a member of a list, an argument."""
    assert len(set(CORPUS)) >= 500
    record_property("inputs", len(CORPUS))
    for text in CORPUS:
        context = {"typed": {"value": text}, "entity": {"title": text}, "user": {"token": "T", "groups": [text]}}
        for template in ("${{ typed.value }}", "${{ entity.title }}", "${{ user.groups[0] }}"):
            assert evaluate(template, **context) == text
        assert evaluate("x${{ typed.value }}y${{ entity.title }}", **context) == f"x{text}y{text}"
        assert evaluate("${{ format('{0}', typed.value) }}", **context) == text
        assert evaluate("${{ user.groups | join(',') }}", **context) == text


MISSING = {("steps", "build", "outputs", "image"): "`image` is not there: build has failed and has not left it"}
STEPS = {"steps": {"build": {"state": "failed", "outputs": {"image": None, "size": 3}}}}


def with_nothing_left(value: JsonValue) -> JsonValue:
    return Evaluator(missing=MISSING).evaluate(parse_template(value), STEPS)


@pytest.mark.parametrize(
    "text",
    [
        "${{ steps.build.outputs.image }}",
        "shop:${{ steps.build.outputs.image }}",
        "${{ steps.build.outputs.image | upper }}",
        "${{ 'new' if steps.build.outputs.image == 'shop@2' else 'old' }}",
        "${{ steps.build.outputs.none | default(steps.build.outputs.image) }}",
        "${{ toJSON([steps.build.outputs.image]) }}",
        "${{ toJSON(steps.build.outputs) }}",
        "${{ steps.build.outputs['ima' ~ 'ge'] }}",
        "${{ steps.build.outputs | default({}) }}",
    ],
)
def test_a_value_that_is_missing_is_no_null(text: str) -> None:
    with pytest.raises(ExpressionError, match="`image` is not there: build has failed and has not left it") as caught:
        with_nothing_left(text)
    assert caught.value.absent


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("${{ steps.build.outputs.image | default('none') }}", "none"),
        ("${{ steps.build.outputs.image | default(null) }}", None),
        ("${{ steps.build.outputs.image | default('none', true) }}", "none"),
        ("${{ steps.build.outputs.image or 'none' }}", "none"),
        ("${{ steps.build.outputs.image is none }}", True),
        ("${{ steps.build.outputs.image is not null }}", False),
        ("${{ steps.build.outputs.image is defined }}", False),
        ("${{ null == steps.build.outputs.image }}", True),
        ("${{ steps.build.outputs.image if steps.build.state == 'succeeded' else 'none' }}", "none"),
        ("${{ steps.build.outputs.size }}", 3),
        ("${{ steps.build.outputs.size is defined }}", True),
    ],
)
def test_what_says_itself_what_holds_then_goes_on(text: str, wanted: JsonValue) -> None:
    assert with_nothing_left(text) == wanted


def test_a_name_tells_whether_its_expression_says_so() -> None:
    text = "${{ a.b | default('x') }}${{ a.c }}${{ a.d or a.e }}${{ a.f is none }}${{ a.g != null }}"
    assert [name.dotted for name in names(parse_template(text)) if name.optional] == ["a.b", "a.d", "a.f", "a.g"]
