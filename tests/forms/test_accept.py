"""What is accepted, and everything that is not."""

import json
import time

import pytest
from pydantic import JsonValue

from daytwo_forms import ChoicesUnavailable, FormSchema, InputRejected, ValidInput, accept

pytestmark = pytest.mark.anyio
STRING: JsonValue = {"type": "string"}
ENVIRONMENT: JsonValue = {"type": "string", "title": "Environment", "format": "entity", "kind": "environment"}
VERSION: JsonValue = {
    "type": "string",
    "title": "Version",
    "from": {"connection": "github", "list": "tags", "project": "acme/shop"},
}


async def take(world, form: FormSchema, answers: dict[str, JsonValue]) -> ValidInput:
    return await accept(await world.resolve(form, answers), world.sources)


async def faults(world, form: FormSchema, answers: dict[str, JsonValue]) -> dict[str, str]:
    with pytest.raises(InputRejected) as caught:
        await take(world, form, answers)
    assert caught.value.detail.startswith("Nothing was started: ")
    return {fault.pointer: fault.detail for fault in caught.value.errors}


async def test_entities_are_stored_as_refs_and_nulls_are_left_out(world) -> None:
    form = world.one_page(version=VERSION, environment=ENVIRONMENT, note=STRING, count={"type": "integer"})
    accepted = await take(world, form, {"environment": "production", "version": "1.1.0", "note": "", "count": None})
    assert accepted == {"version": "1.1.0", "environment": "environment:production"}
    assert await take(world, form, {"environment": "environment:production"}) == {
        "environment": "environment:production"
    }


async def test_accepted_input_is_in_the_order_of_the_form(world) -> None:
    form = world.form(
        {"title": "A", "properties": {"b": STRING, "a": STRING}}, {"title": "B", "properties": {"c": STRING}}
    )
    assert list(await take(world, form, {"c": "1", "a": "2", "b": "3"})) == ["b", "a", "c"]


async def test_every_fault_is_told_at_once_with_the_titles_of_the_form(world) -> None:
    form = world.one_page(
        required=["version", "environment"],
        version=VERSION,
        environment=ENVIRONMENT,
        count={"type": "integer", "title": "How many", "minimum": 1},
        name={"type": "string", "title": "Name", "pattern": "^[a-z]+$"},
        when={"type": "string", "title": "When", "format": "date-time"},
    )
    found = await faults(
        world, form, {"environment": "service:shop", "count": 0, "name": "X", "when": "tomorrow", "extra": 1}
    )
    assert found == {
        "/inputs/version": "Version is required",
        "/inputs/environment": "Environment must be of kind environment, and `service:shop` is of kind service",
        "/inputs/count": "How many must be at least 1",
        "/inputs/name": "Name must look like ^[a-z]+$",
        "/inputs/when": "When must be a date and time with a zone, such as 2026-01-31T18:00:00Z",
        "/inputs/extra": "The form has no field `extra`. Leave it out.",
    }


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ({"type": "string"}, 5, "must be text"),
        ({"type": "string"}, ["x"], "must be text"),
        ({"type": "integer"}, "5", "must be a whole number"),
        ({"type": "integer"}, 5.5, "must be a whole number"),
        ({"type": "integer"}, True, "must be a whole number"),
        ({"type": "number"}, "5", "must be a number"),
        ({"type": "boolean"}, "true", "must be true or false"),
        ({"type": "boolean"}, 1, "must be true or false"),
        ({"type": "array", "items": STRING}, "x", "must be a list"),
        ({"type": "array", "items": STRING}, [1], "item 1: must be text"),
        ({"type": "array", "items": STRING, "minItems": 2}, ["a"], "needs at least 2 items"),
        ({"type": "array", "items": STRING, "maxItems": 1}, ["a", "b"], "needs at most 1 item"),
        ({"type": "array", "items": STRING, "uniqueItems": True}, ["a", "a"], "names something twice"),
        ({"type": "object", "properties": {"a": STRING}}, {"b": 1}, "has no member called `b`"),
        ({"type": "object", "properties": {"a": STRING}, "required": ["a"]}, {}, "lacks 'a'"),
        ({"type": "object", "properties": {"a": STRING}}, [], "must be a group of values"),
        ({"type": "string", "enum": ["a", "b"]}, "c", "must be one of a, b"),
        ({"type": "string", "enum": ["a", "b"]}, "A", "must be one of a, b"),
        ({"type": "integer", "enum": [1, 2]}, 3, "must be one of 1, 2"),
        ({"type": "string", "oneOf": [{"const": "a", "title": "Apple"}]}, "b", "must be one of Apple"),
        ({"type": "string", "minLength": 3}, "ab", "needs at least 3 characters"),
        ({"type": "string", "maxLength": 1}, "ab", "needs at most 1 character"),
        ({"type": "string", "format": "date"}, "2026-02-30", "must be a date"),
        ({"type": "string", "format": "date"}, "20260131", "must be a date"),
        ({"type": "string", "format": "date-time"}, "2026-01-31 18:00", "must be a date and time"),
        ({"type": "string", "format": "time"}, "25:00:00Z", "must be a time"),
        ({"type": "string", "format": "email"}, "ana", "must be an e-mail address"),
        ({"type": "string", "format": "uri"}, "not a uri", "must be an address"),
        ({"type": "string", "format": "uuid"}, "123", "must be a UUID"),
        ({"type": "string", "format": "ipv4"}, "1.2.3", "must be an IPv4 address"),
        ({"type": "string", "format": "ipv6"}, "1.2.3.4", "must be an IPv6 address"),
        ({"type": "number", "exclusiveMinimum": 0}, 0, "must be more than 0"),
        ({"type": "number", "exclusiveMaximum": 1}, 1, "must be less than 1"),
        ({"type": "number", "multipleOf": 0.5}, 0.75, "must be a multiple of 0.5"),
        ({"type": "number"}, float("nan"), "larger than JSON"),
        ({"type": "integer"}, 2**53, "larger than JSON"),
    ],
    ids=str,
)
async def test_values_of_the_wrong_kind_are_refused(world, field: JsonValue, value: JsonValue, words: str) -> None:
    form = world.one_page(x=field)
    with pytest.raises(InputRejected) as caught:
        await take(world, form, {"x": value})
    assert words in caught.value.errors[0].detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "boolean"}, False),
        ({"type": "integer"}, 0),
        ({"type": "number"}, 1.5),
        ({"type": "array", "items": STRING}, []),
        ({"type": "object", "properties": {"a": STRING}}, {"a": "x"}),
        ({"type": "string", "format": "date-time"}, "2026-01-31T18:00:00+01:00"),
        ({"type": "string", "format": "uri"}, "https://example.org/a?b"),
        ({"type": "string", "pattern": "b"}, "abc"),
        ({"type": "string"}, "${{ secrets.token }}"),
        ({"type": "string"}, "ä\n😀"),
    ],
    ids=str,
)
async def test_values_that_fit_are_accepted_unchanged(world, field: JsonValue, value: JsonValue) -> None:
    form = world.one_page(required=["x"], x=field)
    assert await take(world, form, {"x": value}) == {"x": value}


async def test_a_pattern_is_matched_in_linear_time(world) -> None:
    form = world.one_page(x={"type": "string", "pattern": "^(a+)+$"})
    started = time.thread_time()
    assert list(await faults(world, form, {"x": "a" * 5000 + "!"})) == ["/inputs/x"]
    assert time.thread_time() - started < 0.5


async def test_a_whole_number_is_stored_as_one(world) -> None:
    form = world.one_page(
        a={"type": "integer"}, b={"type": "array", "items": {"type": "integer"}}, c={"type": "number"}
    )
    accepted = await take(world, form, {"a": 3.0, "b": [1.0, 2], "c": 1.5})
    assert json.dumps(accepted) == '{"a": 3, "b": [1, 2], "c": 1.5}'


@pytest.mark.parametrize("value", [None, ""])
async def test_an_empty_answer_is_no_answer(world, value: JsonValue) -> None:
    form = world.one_page(required=["x"], x={"type": "string", "title": "Name"})
    assert await faults(world, form, {"x": value}) == {"/inputs/x": "Name is required"}


async def test_defaults_are_accepted_without_being_sent(world) -> None:
    form = world.one_page(
        required=["size"], size={"type": "integer", "default": 3}, environment={**ENVIRONMENT, "default": "staging"}
    )
    assert await take(world, form, {}) == {"size": 3, "environment": "environment:staging"}


async def test_a_choice_is_asked_for_by_its_exact_value(world) -> None:
    form = world.one_page(version=VERSION)
    world.lists.values["github", "tags", "acme/shop"] = [f"1.{n}" for n in range(200)]
    assert await take(world, form, {"version": "1.199"}) == {"version": "1.199"}
    assert [query.exact for query in world.lists.asked] == [None, "1.199"]
    assert await faults(world, form, {"version": "1.200"}) == {
        "/inputs/version": "Version: this is not one of the choices"
    }


async def test_a_source_that_answers_with_something_like_it_does_not_count(world) -> None:
    form = world.one_page(version=VERSION)
    world.lists.sloppy = True
    assert list(await faults(world, form, {"version": "1.1"})) == ["/inputs/version"]
    assert await take(world, form, {"version": "1.1.0"})


async def test_a_choice_that_is_gone_since_the_form_was_shown_is_refused(world) -> None:
    form = world.one_page(version=VERSION)
    resolved = await world.resolve(form, {"version": "1.1.0"})
    world.lists.values["github", "tags", "acme/shop"] = []
    with pytest.raises(InputRejected):
        await accept(resolved, world.sources)


async def test_a_choice_that_cannot_be_checked_is_not_accepted(world) -> None:
    form = world.one_page(version=VERSION, count={"type": "integer"})
    resolved = await world.resolve(form, {"version": "1.1.0"})
    world.lists.down = True
    with pytest.raises(ChoicesUnavailable) as caught:
        await accept(resolved, world.sources)
    assert caught.value.retryable
    assert caught.value.status == 503
    assert "Nothing was started" in caught.value.detail
    with pytest.raises(InputRejected):  # what is wrong anyway is told first
        await accept(await world.resolve(form, {"version": "1.1.0", "count": "x"}), world.sources)


async def test_an_entity_that_cannot_be_checked_is_not_accepted(world) -> None:
    world.catalog.down = True
    with pytest.raises(ChoicesUnavailable):
        await take(world, world.one_page(environment=ENVIRONMENT), {"environment": "staging"})


async def test_choices_that_cannot_be_determined_refuse_an_answer(world) -> None:
    rule = world.rules.add("repo", ["service"], lambda c: c["form"]["service"]["properties"]["repository"])
    source: JsonValue = {"connection": "github", "list": "tags", "project": rule}
    form = world.one_page(
        service={"type": "string", "format": "entity", "kind": "service"}, version={"type": "string", "from": source}
    )
    assert list(await faults(world, form, {"version": "1.1.0"})) == ["/inputs/version"]
    assert await take(world, form, {"version": "1.1.0", "service": "shop"})


async def test_an_entity_that_is_not_there_and_one_that_may_not_be_seen_get_the_same_answer(world) -> None:
    """The source answers None for both; nothing else distinguishes them, not even what is asked of it."""
    form = world.one_page(environment=ENVIRONMENT)
    first = await faults(world, form, {"environment": "secretive"})
    second = await faults(world, form, {"environment": "missing12"})
    assert {detail.replace("secretive", "…") for detail in first.values()} == {
        detail.replace("missing12", "…") for detail in second.values()
    }


@pytest.mark.parametrize(
    "value", ["service:shop", "environment:", ":", ":staging", "environment:staging:x", " staging"]
)
async def test_refs_that_do_not_name_an_entity_of_the_kind(world, value: str) -> None:
    form = world.one_page(environment=ENVIRONMENT)
    assert list(await faults(world, form, {"environment": value})) == ["/inputs/environment"]


async def test_what_is_not_asked_is_not_accepted(world) -> None:
    rule = world.rules.add("live", ["environment"], lambda c: c["form"]["environment"]["name"] == "production")
    form = world.one_page(environment=ENVIRONMENT, reason={"type": "string", "title": "Reason", "visible": rule})
    assert await take(world, form, {"environment": "production", "reason": "x"})
    assert await take(world, form, {"environment": "staging", "reason": None}) == {"environment": "environment:staging"}
    assert (
        "Reason is not asked for"
        in (await faults(world, form, {"environment": "staging", "reason": "x"}))["/inputs/reason"]
    )


async def test_a_required_field_that_is_not_shown_is_not_missed(world) -> None:
    form = world.one_page(required=["a"], a={"type": "string", "visible": False})
    assert await take(world, form, {}) == {}


async def test_a_disabled_field_cannot_be_changed(world) -> None:
    form = world.one_page(
        size={"type": "integer", "title": "Size", "default": 3, "disabled": True},
        environment={**ENVIRONMENT, "default": "staging", "disabled": True},
    )
    assert await take(world, form, {"size": 3, "environment": "environment:staging"}) == {
        "size": 3,
        "environment": "environment:staging",
    }
    assert "cannot be changed" in (await faults(world, form, {"size": 9}))["/inputs/size"]
    assert "cannot be changed" in (await faults(world, form, {"environment": "production"}))["/inputs/environment"]


async def test_lists_of_choices_are_checked_one_by_one_and_are_short(world) -> None:
    form = world.one_page(versions={"type": "array", "items": VERSION, "title": "Versions"})
    assert await take(world, form, {"versions": ["1.0.0", "1.1.0"]})
    assert list(await faults(world, form, {"versions": ["1.0.0", "9", "8"]})) == [
        "/inputs/versions/1",
        "/inputs/versions/2",
    ]
    assert "at most 50" in (await faults(world, form, {"versions": ["1.0.0"] * 51}))["/inputs/versions"]


async def test_a_secret_is_accepted_but_not_repeated(world) -> None:
    form = world.one_page(token={"type": "string", "secret": True, "title": "Token", "maxLength": 4})
    assert await take(world, form, {"token": "abcd"}) == {"token": "abcd"}
    assert "could not be masked" in (await faults(world, form, {"token": "abc"}))["/inputs/token"]
    with pytest.raises(InputRejected) as caught:
        await take(world, form, {"token": "hunter2"})
    assert "hunter2" not in caught.value.detail


async def test_pointers_are_where_the_answers_stood(world) -> None:
    resolved = await world.resolve(world.one_page(required=["a"], a=STRING), {"x/y~z": 1})
    with pytest.raises(InputRejected) as caught:
        await accept(resolved, world.sources, at="/body/answers")
    assert [fault.pointer for fault in caught.value.errors] == ["/body/answers/x~1y~0z", "/body/answers/a"]
