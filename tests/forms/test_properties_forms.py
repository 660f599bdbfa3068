"""Whatever is sent, what is accepted is what the form declares, and nothing else is raised."""

import asyncio
import json

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from daytwo_forms import ChoicesUnavailable, FormRejected, InputRejected, Page, accept, compile_form

SHARED = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["staging", "environment:production", "1.1.0", "service:shop", "", "a", "2026-01-01"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["version", "environment", "count", "flag", "list", "group", "hidden", "environments", "free"])
ANSWERS = st.dictionaries(NAMES | st.text(max_size=6), VALUES, max_size=8)


def form_of(world):
    environment: JsonValue = {"type": "string", "format": "entity", "kind": "environment"}
    live = world.rules.add("live", ["environment"], lambda c: c["form"]["environment"]["name"] == "production")
    return world.one_page(
        required=["version"],
        version={"type": "string", "from": {"connection": "github", "list": "tags", "project": "acme/shop"}},
        environment=environment,
        count={"type": "integer", "minimum": 0, "required": live},
        flag={"type": "boolean", "default": True},
        list={"type": "array", "items": {"type": "number", "multipleOf": 0.5}, "uniqueItems": True},
        group={"type": "object", "properties": {"a": {"type": "string", "format": "date"}}},
        hidden={"type": "string", "visible": live},
        environments={"type": "array", "items": environment},
        free={"type": "string", "pattern": "^[a-z]*$"},
    )


@SHARED
@given(answers=ANSWERS)
def test_no_undeclared_field_is_ever_accepted(world, answers: dict[str, JsonValue]) -> None:
    form = form_of(world)

    async def take() -> None:
        try:
            resolved = await world.resolve(form, answers)
            accepted = await accept(resolved, world.sources)
        except (InputRejected, ChoicesUnavailable):
            return
        assert set(answers) <= set(form.fields)
        assert set(accepted) <= set(resolved.fields)
        assert None not in accepted.values()
        assert rfc8785.dumps(dict(accepted))
        for page in resolved.pages:
            assert set(page.data) <= set(page.schema["properties"])
        again = await world.resolve(form, accepted)
        assert await accept(again, world.sources) == accepted

    asyncio.run(take())


@SHARED
@given(st.dictionaries(st.text(max_size=6) | NAMES, VALUES, min_size=1, max_size=4))
def test_one_unknown_name_is_enough_to_refuse(world, extra: dict[str, JsonValue]) -> None:
    form = form_of(world)
    unknown = {name: value for name, value in extra.items() if name not in form.fields}
    answers: dict[str, JsonValue] = {"version": "1.1.0", "environment": "staging", **unknown}

    async def take() -> None:
        if not unknown:
            assert await accept(await world.resolve(form, answers), world.sources)
            return
        with pytest.raises(InputRejected):
            await accept(await world.resolve(form, answers), world.sources)

    asyncio.run(take())


KEYS = st.sampled_from(
    [
        *("type", "title", "enum", "oneOf", "pattern", "format", "items", "properties", "required", "from", "kind"),
        *("visible", "minimum", "maxLength", "ui:widget", "ui:order", "$ref", "secret", "const", "uniqueItems"),
        "default",
    ]
)
KEYWORDS = st.sampled_from(["string", "array", "object", "integer", "entity", "date", "[", "a", True, 1, 0.5])
FIELDS = st.recursive(
    st.dictionaries(KEYS, KEYWORDS, max_size=5),
    lambda inner: st.dictionaries(
        KEYS, KEYWORDS | inner | st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner, max_size=1)
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=FIELDS, kind=st.sampled_from(["string", "array", "object", "integer"]))
def test_any_field_compiles_or_is_refused(world, field: dict[str, JsonValue], kind: str) -> None:
    page = {"title": "P", "properties": {"x": {**field, "type": kind}}}
    try:
        form = compile_form([Page.model_validate(page)], world.rules.parse)
    except (FormRejected, ValidationError):
        return
    resolved = asyncio.run(world.resolve(form))
    assert "$ref" not in json.dumps([one.schema for one in resolved.pages])
