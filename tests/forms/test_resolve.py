"""The form for given answers."""

import json
from collections.abc import Mapping

import pytest
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from daytwo_forms import InputRejected, OptionQuery, field_options
from daytwo_store.errors import NotFound, Unavailable

pytestmark = pytest.mark.anyio
ENVIRONMENT: JsonValue = {"type": "string", "format": "entity", "kind": "environment"}
STRING: JsonValue = {"type": "string"}


def tags(project: str) -> JsonValue:
    return {"type": "string", "from": {"connection": "github", "list": "tags", "project": project}}


def properties(resolved) -> Mapping[str, dict[str, JsonValue]]:
    return {name: field for page in resolved.pages for name, field in page.schema["properties"].items()}


async def test_nothing_is_preselected(world) -> None:
    world.lists.values["github", "tags", "acme/one"] = ["1.0.0"]
    world.catalog.add("group", "only")
    form = world.one_page(
        required=["version", "group"],
        version=tags("acme/one"),
        group={"type": "string", "format": "entity", "kind": "group"},
        fixed={"type": "string", "enum": ["a"]},
        titled={"type": "string", "oneOf": [{"const": "a", "title": "A"}]},
        switch={"type": "boolean"},
        many={"type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 1},
    )
    resolved = await world.resolve(form)
    assert resolved.data == {}
    assert '"default"' not in json.dumps([page.schema for page in resolved.pages])
    assert properties(resolved)["version"]["oneOf"] == [
        {"const": "1.0.0", "title": "1.0.0", "description": "about 1.0.0"}
    ]
    assert all(value is None for value in resolved.values.values())


async def test_defaults_fill_what_is_unanswered(world) -> None:
    form = world.one_page(
        size={"type": "integer", "default": 3},
        copy={"type": "string", "default": world.rules.add("twice", ["name"], lambda c: c["form"]["name"] * 2)},
        name={"type": "string"},
        environment={**ENVIRONMENT, "default": "staging"},
        unused={"type": "integer", "default": 7},
    )
    resolved = await world.resolve(form, {"name": "ab", "unused": None})
    assert resolved.data == {"size": 3, "copy": "abab", "name": "ab", "environment": "environment:staging"}
    assert resolved.values["environment"]["properties"] == {"tier": "test"}
    assert "default" not in properties(resolved)["size"]


async def test_a_default_that_does_not_fit_is_left_out_with_a_warning(world) -> None:
    form = world.one_page(
        size={"type": "integer", "default": world.rules.add("text", [], lambda c: "three")},
        environment={**ENVIRONMENT, "default": "nowhere"},
    )
    resolved = await world.resolve(form)
    assert resolved.data == {}
    assert [warning.pointer for warning in resolved.warnings] == ["/size", "/environment"]
    assert resolved.errors == ()


async def test_what_cannot_be_worked_out_fails_safe(world) -> None:
    broken = world.rules.add("broken", [], lambda c: c["nothing"])
    form = world.one_page(
        shown={"type": "string", "visible": broken},
        needed={"type": "string", "required": broken},
        open={"type": "string", "disabled": broken},
        empty={"type": "string", "default": broken},
    )
    resolved = await world.resolve(form)
    assert set(resolved.fields) == {"shown", "needed", "open", "empty"}
    assert resolved.pages[0].schema["required"] == ["needed"]
    assert resolved.pages[0].ui["open"] == {}
    assert resolved.data == {}
    assert {warning.pointer for warning in resolved.warnings} == {"/shown", "/needed", "/open", "/empty"}


async def test_waiting_for_an_answer_is_no_warning(world) -> None:
    rule = world.rules.add("live", ["environment"], lambda c: c["form"]["environment"]["name"] == "production")
    form = world.one_page(environment=ENVIRONMENT, reason={"type": "string", "visible": rule})
    for answers, shown in (({}, False), ({"environment": "staging"}, False), ({"environment": "production"}, True)):
        resolved = await world.resolve(form, answers)
        assert ("reason" in resolved.fields) is shown
        assert resolved.warnings == ()


async def test_invisible_fields_are_in_no_schema_and_no_data_but_in_the_context(world) -> None:
    seen: list[object] = []

    def look(context: Mapping[str, Mapping[str, object]]) -> JsonValue:
        seen.append(dict(context["form"]))
        return True

    form = world.one_page(
        hidden={"type": "string", "visible": False, "default": "x"},
        other={"type": "string", "visible": world.rules.add("look", ["hidden"], look)},
    )
    resolved = await world.resolve(form, {"hidden": "typed"})
    assert list(properties(resolved)) == ["other"]
    assert resolved.data == {}
    assert seen == [{"hidden": None, "other": None}]


async def test_pages_without_fields_are_left_out(world) -> None:
    form = world.form(
        {"title": "One", "properties": {"a": STRING}},
        {"title": "Two", "properties": {"b": {"type": "string", "visible": False}}},
        {"title": "Three", "description": "last", "properties": {"c": STRING}, "required": ["c"]},
    )
    resolved = await world.resolve(form, {"c": "x"})
    assert [page.title for page in resolved.pages] == ["One", "Three"]
    assert [page.data for page in resolved.pages] == [{}, {"c": "x"}]
    assert resolved.pages[1].schema["description"] == "last"


async def test_a_page_is_plain_json_schema(world) -> None:
    form = world.one_page(
        required=["environment"],
        environment=ENVIRONMENT,
        count={"type": "integer", "minimum": 1, "maximum": 5, "ui:widget": "updown"},
        labels={"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}, "uniqueItems": True},
        size={"type": "object", "properties": {"cpu": {"type": "number", "ui:help": "cores"}}, "required": ["cpu"]},
        secret={"type": "string", "secret": True},
    )
    (page,) = (await world.resolve(form)).pages
    Draft202012Validator.check_schema(page.schema)
    text = json.dumps(page.schema)
    assert "ui:" not in text
    assert "entity" not in text.replace("environment:", "")
    assert page.schema["additionalProperties"] is False
    assert page.schema["properties"]["size"]["additionalProperties"] is False
    assert page.schema["properties"]["size"]["required"] == ["cpu"]
    assert page.ui["size"] == {"cpu": {"ui:help": "cores"}}
    assert page.ui["count"] == {"ui:widget": "updown"}
    assert page.ui["ui:order"] == ["environment", "count", "labels", "size", "secret"]
    assert page.ui["secret"] == {"ui:widget": "password"}
    assert page.ui["environment"] == {"ui:options": {"entity": "environment"}}


async def test_the_order_of_fields_is_the_authors(world) -> None:
    form = world.form({"title": "P", "properties": {"a": STRING, "b": STRING, "c": STRING}, "ui:order": ["c", "*"]})
    (page,) = (await world.resolve(form)).pages
    assert page.ui["ui:order"] == ["c", "a", "b"]
    assert list(page.schema["properties"]) == ["c", "a", "b"]


async def test_choices_that_fit_one_page_come_with_the_form(world) -> None:
    world.lists.values["github", "tags", "acme/shop"] = [f"1.{n}.0" for n in range(50)]
    resolved = await world.resolve(world.one_page(version=tags("acme/shop")))
    assert len(properties(resolved)["version"]["oneOf"]) == 50
    assert "ui:options" not in resolved.pages[0].ui["version"]


async def test_more_choices_are_searched_on_the_server(world) -> None:
    world.lists.values["github", "tags", "acme/shop"] = [f"1.{n}.0" for n in range(51)]
    form = world.one_page(version=tags("acme/shop"))
    resolved = await world.resolve(form)
    assert "oneOf" not in properties(resolved)["version"]
    assert resolved.pages[0].ui["version"]["ui:options"] == {"remote": True}
    first = await field_options(resolved, "version", world.sources)
    assert len(first.options) == 50
    second = await field_options(resolved, "version", world.sources, cursor=first.next_cursor)
    assert [one.value for one in second.options] == ["1.50.0"]
    found = await field_options(resolved, "version", world.sources, search="7")
    assert [one.value for one in found.options] == ["1.7.0", "1.17.0", "1.27.0", "1.37.0", "1.47.0"]


async def test_entities_are_searched_too(world) -> None:
    for number in range(60):
        world.catalog.add("environment", f"e{number}")
    resolved = await world.resolve(world.one_page(environment=ENVIRONMENT))
    assert resolved.pages[0].ui["environment"]["ui:options"] == {"entity": "environment", "remote": True}
    found = await field_options(resolved, "environment", world.sources, search="prod")
    assert [(one.value, one.title) for one in found.options] == [("environment:production", "Production")]


@pytest.mark.parametrize("name", ["nothing", "plain", "hidden"])
async def test_only_fields_with_choices_have_options(world, name: str) -> None:
    form = world.one_page(plain=STRING, hidden={**ENVIRONMENT, "visible": False})
    resolved = await world.resolve(form)
    with pytest.raises(NotFound):
        await field_options(resolved, name, world.sources)


async def test_a_source_that_is_down_is_a_warning_at_its_field(world) -> None:
    form = world.one_page(version=tags("acme/shop"), environment=ENVIRONMENT, note=STRING)
    world.lists.down = True
    resolved = await world.resolve(form, {"note": "x"})
    assert [(one.pointer, "does not answer" in one.detail) for one in resolved.warnings] == [("/version", True)]
    assert resolved.pages[0].ui["version"]["ui:options"] == {"remote": True}
    assert "oneOf" in properties(resolved)["environment"]
    with pytest.raises(Unavailable):
        await field_options(resolved, "version", world.sources)


async def test_a_catalog_that_is_down_is_a_warning_and_no_fault(world) -> None:
    world.catalog.down = True
    resolved = await world.resolve(world.one_page(environment=ENVIRONMENT), {"environment": "staging"})
    assert resolved.errors == ()
    assert {one.pointer for one in resolved.warnings} == {"/environment"}
    assert resolved.data == {"environment": "environment:staging"}
    assert resolved.values == {"environment": None}


async def test_a_source_that_refuses_is_a_warning(world) -> None:
    world.lists.refuses = True
    resolved = await world.resolve(world.one_page(version=tags("acme/shop")))
    assert "no such repository" in resolved.warnings[0].detail


async def test_an_empty_list_of_choices_is_told(world) -> None:
    world.lists.values["github", "tags", "acme/new"] = []
    resolved = await world.resolve(world.one_page(version=tags("acme/new")))
    assert resolved.warnings[0].detail == "There is nothing to choose for Version"
    assert "oneOf" not in properties(resolved)["version"]


async def test_choices_wait_for_the_answers_that_they_depend_on(world) -> None:
    rule = world.rules.add("repo", ["service"], lambda c: c["form"]["service"]["properties"]["repository"])
    form = world.one_page(
        version={**tags(rule), "title": "Version"},
        service={"type": "string", "title": "Service", "format": "entity", "kind": "service"},
    )
    waiting = await world.resolve(form)
    assert waiting.warnings == ()
    assert world.lists.asked == []
    assert waiting.pages[0].ui["version"] == {
        "ui:options": {"remote": True, "waitsFor": ["service"]},
        "ui:placeholder": "Choose Service first",
    }
    assert (await field_options(waiting, "version", world.sources)).options == ()
    chosen = await world.resolve(form, {"service": "shop"})
    assert world.lists.asked == [OptionQuery(source="github", list="tags", project="acme/shop")]
    assert len(properties(chosen)["version"]["oneOf"]) == 2


async def test_a_project_that_is_no_text_is_a_warning(world) -> None:
    world.catalog.add("service", "bare")
    rule = world.rules.add("none", [], lambda c: None)
    resolved = await world.resolve(world.one_page(version=tags(rule)))
    assert "not text" in resolved.warnings[0].detail
    assert world.lists.asked == []


async def test_choices_from_the_catalog(world) -> None:
    world.lists.values["catalog", None, "service"] = ["shop", "billing"]
    where: JsonValue = {"language": "python"}
    form = world.one_page(service={"type": "string", "from": {"catalog": {"kind": "service", "where": where}}})
    resolved = await world.resolve(form)
    assert [one["const"] for one in properties(resolved)["service"]["oneOf"]] == ["shop", "billing"]
    assert world.lists.asked == [OptionQuery(source="catalog", kind="service", where={"language": "python"})]


async def test_choices_of_lists(world) -> None:
    form = world.one_page(
        versions={"type": "array", "items": tags("acme/shop")},
        environments={"type": "array", "items": ENVIRONMENT},
    )
    resolved = await world.resolve(form, {"environments": ["staging", "environment:production"], "versions": ["9"]})
    assert len(properties(resolved)["versions"]["items"]["oneOf"]) == 2
    assert resolved.data["environments"] == ["environment:staging", "environment:production"]
    assert [one["name"] for one in resolved.values["environments"]] == ["staging", "production"]
    assert [(one.pointer, one.detail) for one in resolved.errors] == [
        ("/versions/0", "Versions: this is not one of the choices")
    ]


async def test_wrong_answers_are_errors_at_their_place_and_null_in_the_context(world) -> None:
    form = world.one_page(
        count={"type": "integer", "title": "Count"},
        environment={**ENVIRONMENT, "title": "Environment"},
        size={"type": "object", "title": "Size", "properties": {"cpu": {"type": "number", "maximum": 4}}},
    )
    answers: dict[str, JsonValue] = {"count": "three", "environment": "nowhere", "size": {"cpu": 9}, "cuont": 1}
    resolved = await world.resolve(form, answers)
    assert [(one.pointer, one.detail) for one in resolved.errors] == [
        ("/count", "Count must be a whole number"),
        ("/environment", "Environment: there is no environment `nowhere` that you can see"),
        ("/size/cpu", "Size, cpu: must be at most 4"),
        ("/cuont", "The form has no field `cuont`. Did you mean `count`?"),
    ]
    assert resolved.values == {"count": None, "environment": None, "size": None}
    assert resolved.data == {"count": "three", "environment": "environment:nowhere", "size": {"cpu": 9}}


async def test_required_is_not_an_error_before_submission(world) -> None:
    resolved = await world.resolve(world.one_page(required=["a"], a=STRING))
    assert resolved.errors == ()
    assert resolved.pages[0].schema["required"] == ["a"]


async def test_disabled_fields_keep_their_default(world) -> None:
    form = world.one_page(size={"type": "integer", "default": 3, "disabled": True})
    resolved = await world.resolve(form, {"size": 9})
    assert resolved.data == {"size": 3}
    assert resolved.pages[0].ui["size"] == {"ui:disabled": True}


async def test_secrets_are_never_shown(world) -> None:
    seen = world.rules.add("seen", ["token"], lambda c: c["form"]["token"])
    form = world.one_page(
        token={"type": "string", "secret": True, "title": "Token"}, echo={"type": "string", "default": seen}
    )
    resolved = await world.resolve(form, {"token": "hunter2"})
    assert "hunter2" not in repr(resolved)
    assert "hunter2" not in json.dumps([resolved.data, resolved.values, *(page.data for page in resolved.pages)])
    assert properties(resolved)["token"]["writeOnly"] is True


async def test_answers_beyond_the_limits_are_refused_before_anything_is_asked(world) -> None:
    form = world.one_page(environment=ENVIRONMENT)
    with pytest.raises(InputRejected):
        await world.resolve(form, {"environment": "x" * 60_001})
    assert world.catalog.asked == []


async def test_sources_are_asked_once_each(world) -> None:
    form = world.one_page(environment=ENVIRONMENT, version=tags("acme/shop"), plain=STRING)
    await world.resolve(form, {"environment": "staging", "version": "1.0.0"})
    assert world.catalog.asked == ["environment:staging", "environment?"]
    assert len(world.lists.asked) == 1
