"""What a form may say, and what is refused when it is registered."""

import pytest
from pydantic import JsonValue, ValidationError

from daytwo_forms import FormRejected, Page

STRING: dict[str, JsonValue] = {"type": "string"}


def faults(world, *pages: dict[str, JsonValue]) -> dict[str, str]:
    with pytest.raises(FormRejected) as caught:
        world.form(*pages)
    return {fault.pointer: fault.detail for fault in caught.value.errors}


def field_faults(world, field: dict[str, JsonValue]) -> dict[str, str]:
    prefix = "/0/properties/x"
    found = faults(world, {"title": "P", "properties": {"x": field}})
    return {pointer.removeprefix(prefix): detail for pointer, detail in found.items()}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "minLenght": 1},
        {"type": "string", "$ref": "https://example.org/schema.json"},
        {"type": "string", "$ref": "#/$defs/x"},
        {"type": "string", "const": "x"},
        {"type": "string", "if": {}},
        {"type": "string", "ui:wdiget": "textarea"},
        {"type": "string", "ui:widget": "hidden"},
        {"type": "string", "ui:field": "Anything"},
        {"type": "string", "format": "hostname"},
        {"type": "string", "format": "duration"},
        {"type": "string", "format": "regex"},
        {"type": "null"},
        {"type": ["string", "null"]},
        {},
        {"type": "string", "enum": []},
        {"type": "string", "enum": [None]},
        {"type": "string", "minLength": "3"},
        {"type": "string", "minLength": -1},
        {"type": "string", "minLength": True},
        {"type": "string", "from": {"connection": "github"}},
        {"type": "string", "from": {"connection": "github", "list": "everything", "project": "x"}},
        {"type": "string", "from": {"connection": "git hub", "list": "tags", "project": "x"}},
        {"type": "string", "from": {"catalog": {"kind": "service", "filter": 1}}},
        {"type": "string", "from": {"url": "https://example.org"}},
        {"type": "string", "visible": "maybe", "visble": True},
        {"type": "string", "visible": 1},
        {"type": "object", "properties": {"a b": {"type": "string"}}},
        {"type": "object", "properties": {"a": {"type": "string", "visible": True}}},
        {"type": "object", "properties": {}, "additionalProperties": True},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "array", "items": {"type": "string", "default": "x"}},
        {"type": "number", "multipleOf": 0},
    ],
    ids=str,
)
def test_unknown_keys_and_shapes_are_refused(field: dict[str, JsonValue]) -> None:
    with pytest.raises(ValidationError):
        Page.model_validate({"title": "P", "properties": {"x": field}})


@pytest.mark.parametrize("name", ["my-field", "1st", "a.b", "a b", "", "ä", "a/b", "x" * 65, "__proto__"])
def test_names_of_fields_are_names_of_expressions(name: str) -> None:
    with pytest.raises(ValidationError):
        Page.model_validate({"title": "P", "properties": {name: STRING}})


@pytest.mark.parametrize(
    ("field", "pointer", "words"),
    [
        ({"type": "string", "minimum": 1}, "/minimum", "says nothing about"),
        ({"type": "number", "pattern": "a"}, "/pattern", "says nothing about"),
        ({"type": "boolean", "format": "date"}, "/format", "says nothing about"),
        ({"type": "string", "items": {"type": "string"}}, "/items", "says nothing about"),
        ({"type": "array"}, "", "says by `items`"),
        ({"type": "object"}, "", "says by `properties`"),
        ({"type": "string", "pattern": "(?=a)"}, "/pattern", "not portable"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "/minLength", "larger than"),
        ({"type": "integer", "enum": [1, "2"]}, "/enum/1", "not of `type: integer`"),
        ({"type": "string", "oneOf": [{"const": 1, "title": "One"}]}, "/oneOf/0/const", "not of `type: string`"),
        ({"type": "string", "format": "entity"}, "/kind", "belong together"),
        ({"type": "string", "kind": "service"}, "/kind", "belong together"),
        ({"type": "integer", "from": {"catalog": {"kind": "service"}}}, "/from", "Choices are text"),
        (
            {"type": "string", "enum": ["a"], "from": {"catalog": {"kind": "service"}}},
            "",
            "Choices come from one place",
        ),
        ({"type": "string", "enum": ["a"], "oneOf": [{"const": "a", "title": "A"}]}, "", "Choices come from one"),
        ({"type": "string", "visible": "yes"}, "/visible", "true, false or an expression"),
        ({"type": "string", "required": "yes"}, "/required", "true, false or an expression"),
        ({"type": "string", "required": ["a"]}, "/required", "belongs to an object"),
        ({"type": "string", "default": 5}, "/default", "not a value that the field allows"),
        ({"type": "string", "enum": ["a"], "default": "b"}, "/default", "not a value that the field allows"),
        ({"type": "string", "secret": True, "default": "x"}, "/default", "has no default"),
        ({"type": "string", "secret": True, "enum": ["x"]}, "/secret", "somebody types"),
        ({"type": "integer", "secret": True}, "/secret", "somebody types"),
        ({"type": "object", "properties": {"a": STRING}, "required": ["b"]}, "/required/0", "not a member"),
        ({"type": "object", "properties": {"a": {**STRING, "required": True}}}, "/properties/a/required", "lists"),
        ({"type": "object", "properties": {"a": STRING, "b": STRING}, "ui:order": ["a"]}, "/ui:order", "leaves out b"),
        ({"type": "object", "properties": {"a": STRING}, "ui:order": ["c", "*"]}, "/ui:order/0", "not a field"),
        (
            {"type": "object", "properties": {"a": {**STRING, "format": "entity"}}},
            "/properties/a/format",
            "field of its own",
        ),
        ({"type": "array", "items": {"type": "string", "pattern": "["}}, "/items/pattern", "RE2"),
        ({"type": "string", "default": "${{ nowhere }}"}, "/default", "no rule nowhere"),
        (
            {"type": "string", "from": {"connection": "catalog", "list": "tags", "project": "x"}},
            "/from/connection",
            "No",
        ),
    ],
    ids=str,
)
def test_keys_that_do_not_go_together(world, field: dict[str, JsonValue], pointer: str, words: str) -> None:
    found = field_faults(world, field)
    assert words in found[pointer], found


def test_all_faults_are_told_at_once(world) -> None:
    page: dict[str, JsonValue] = {
        "title": "P",
        "required": ["nothing"],
        "properties": {"a": {"type": "string", "minimum": 1}, "b": {"type": "array"}},
        "ui:order": ["a"],
    }
    found = faults(world, page, {"title": "Q", "properties": {"a": STRING}})
    assert set(found) == {
        "/0/required/0",
        "/0/properties/a/minimum",
        "/0/properties/b",
        "/0/ui:order",
        "/1/properties/a",
    }
    assert "earlier page" in found["/1/properties/a"]


def test_depth_is_limited(world) -> None:
    field: dict[str, JsonValue] = {"type": "string"}
    for _ in range(6):
        field = {"type": "object", "properties": {"a": field}}
    assert any("nested at most" in detail for detail in field_faults(world, field).values())


def test_a_form_has_few_pages(world) -> None:
    pages: list[dict[str, JsonValue]] = [{"title": f"P{n}", "properties": {f"f{n}": STRING}} for n in range(21)]
    assert "at most 20 pages" in faults(world, *pages)["/20"]


def test_a_circle_of_fields_is_refused_and_drawn(world) -> None:
    rules = world.rules
    page: dict[str, JsonValue] = {
        "title": "P",
        "properties": {
            "a": {"type": "string", "visible": rules.add("on_b", ["b"], lambda c: True)},
            "b": {"type": "string", "default": rules.add("on_c", ["c"], lambda c: True)},
            "c": {"type": "string", "required": rules.add("on_a", ["a"], lambda c: True)},
            "d": {"type": "string", "required": rules.add("also_a", ["a"], lambda c: True)},
        },
    }
    (pointer, detail), *more = faults(world, page).items()
    assert not more
    assert pointer.rpartition("/")[2] in "abc"
    assert detail.count("→") == 3
    assert "circle" in detail


def test_a_field_cannot_depend_on_itself(world) -> None:
    rule = world.rules.add("on_x", ["x"], lambda c: True)
    assert "circle" in field_faults(world, {"type": "string", "visible": rule})[""]


def test_fields_are_worked_out_after_what_they_read(world) -> None:
    rules = world.rules
    form = world.one_page(
        first={"type": "string", "visible": rules.add("on_last", ["last"], lambda c: True)},
        middle={"type": "string"},
        last={"type": "string", "default": rules.add("on_middle", ["middle"], lambda c: "x")},
    )
    assert form.order.index("middle") < form.order.index("last") < form.order.index("first")


def test_titles_are_made_of_names(world) -> None:
    form = world.one_page(targetHost=STRING, target_group=STRING, named={"type": "string", "title": "Given"})
    assert [form.fields[name].title for name in ("targetHost", "target_group", "named")] == [
        "Target host",
        "Target group",
        "Given",
    ]
