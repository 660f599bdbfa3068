"""What the keys of a field mean together. Each rule answers with the faults that it finds."""

from collections.abc import Iterator
from typing import Final

from daytwo_forms.fields import FieldSpec, Item, Page, Value
from daytwo_forms.patterns import pattern_fault
from daytwo_forms.plain import plain_schema, validator
from daytwo_store.errors import FieldFault

_TEXT: Final = ("minLength", "maxLength", "pattern", "format")
_NUMBER: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_LIST: Final = ("items", "minItems", "maxItems", "uniqueItems")
_OBJECT: Final = ("properties", "additionalProperties")
_ALLOWED: Final = {
    "string": _TEXT,
    "number": _NUMBER,
    "integer": _NUMBER,
    "boolean": (),
    "array": _LIST,
    "object": _OBJECT,
}
_MAX_DEPTH: Final = 4
SHORTEST_SECRET: Final = 4  # characters: a shorter one could not be masked without blotting out ordinary words
MAX_PAGES: Final = 20


def page_faults(page: Page, pointer: str) -> Iterator[FieldFault]:
    for number, name in enumerate(page.required):
        if name not in page.properties:
            yield FieldFault(f"{pointer}/required/{number}", f"`{name}` is not a field of this page")
    yield from _order_faults(page.ui_order, page.properties, pointer)
    for name, field in page.properties.items():
        yield from field_faults(field, f"{pointer}/properties/{name}")


def field_faults(field: FieldSpec, pointer: str) -> Iterator[FieldFault]:
    yield from _item_faults(field, pointer, 0)
    if field.secret:
        yield from _secret_faults(field, pointer)
    for key in ("visible", "disabled", "required"):
        value = getattr(field, key)
        if isinstance(value, str) and "${{" not in value:
            yield FieldFault(f"{pointer}/{key}", f"`{key}` is true, false or an expression between ${{{{ }}}}")
    if isinstance(field.required, list) and field.type != "object":
        yield FieldFault(f"{pointer}/required", "A list of required members belongs to an object")


def default_faults(field: FieldSpec, pointer: str) -> Iterator[FieldFault]:
    """Of a default that is not an expression; others are checked when they are worked out."""
    sound = not list(_shape_faults(field, pointer, 0))  # a broken pattern cannot check anything
    if sound and field.default is not None and not validator(plain_schema(field)).is_valid(field.default):
        yield FieldFault(f"{pointer}/default", "The default is not a value that the field allows")


def _secret_faults(field: FieldSpec, pointer: str) -> Iterator[FieldFault]:
    if field.type != "string" or field.from_ or field.kind or field.enum or field.one_of:
        yield FieldFault(f"{pointer}/secret", "A secret is text that somebody types")
    if field.default is not None:
        yield FieldFault(
            f"{pointer}/default", "A secret has no default: everybody who reads the definition would see it"
        )
    if field.max_length is not None and field.max_length < SHORTEST_SECRET:
        yield FieldFault(f"{pointer}/maxLength", f"A secret has at least {SHORTEST_SECRET} characters")


def _item_faults(item: Item, pointer: str, depth: int) -> Iterator[FieldFault]:
    yield from _shape_faults(item, pointer, depth)
    choices = [key for key, value in (("enum", item.enum), ("oneOf", item.one_of), ("from", item.from_)) if value]
    if item.format == "entity":
        choices.append("format: entity")
    if len(choices) > 1:
        yield FieldFault(pointer, f"Choices come from one place, not from {' and '.join(choices)}")
    if item.from_ is not None and item.type != "string":
        yield FieldFault(f"{pointer}/from", "Choices are text: `type: string`, or an array with `from` in its `items`")
    if (item.kind is None) is (item.format == "entity"):
        yield FieldFault(f"{pointer}/kind", "`format: entity` and `kind` belong together")


def _shape_faults(value: Value, pointer: str, depth: int) -> Iterator[FieldFault]:
    """Rules of plain JSON Schema, down to the innermost member."""
    if depth > _MAX_DEPTH:
        yield FieldFault(pointer, f"A field is nested at most {_MAX_DEPTH} deep")
        return
    yield from _keyword_faults(value, pointer)
    if value.pattern is not None and (fault := pattern_fault(value.pattern)):
        yield FieldFault(f"{pointer}/pattern", fault)
    yield from _choice_faults(value, pointer)
    if isinstance(value.items, Item):
        yield from _item_faults(value.items, f"{pointer}/items", depth + 1)
    yield from _member_faults(value, pointer, depth)


def _keyword_faults(value: Value, pointer: str) -> Iterator[FieldFault]:
    written = value.model_dump(by_alias=True, exclude_unset=True)
    foreign = {key for keys in _ALLOWED.values() for key in keys} - set(_ALLOWED[value.type])
    for key in sorted(foreign & written.keys()):
        yield FieldFault(f"{pointer}/{key}", f"`{key}` says nothing about `type: {value.type}`")
    if value.type == "array" and value.items is None:
        yield FieldFault(pointer, "An array says by `items` what is in it")
    if value.type == "object" and value.properties is None:
        yield FieldFault(pointer, "An object says by `properties` what is in it")
    for low, high in (("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems")):
        if None not in (written.get(low), written.get(high)) and written[low] > written[high]:
            yield FieldFault(f"{pointer}/{low}", f"`{low}` is larger than `{high}`")


def _choice_faults(value: Value, pointer: str) -> Iterator[FieldFault]:
    check = validator({"type": value.type})
    offered = [("enum", item, f"{number}") for number, item in enumerate(value.enum or [])]
    offered += [("oneOf", item.const, f"{number}/const") for number, item in enumerate(value.one_of or [])]
    for key, item, place in offered:
        if not check.is_valid(item):
            yield FieldFault(f"{pointer}/{key}/{place}", f"This choice is not of `type: {value.type}`")


def _member_faults(value: Value, pointer: str, depth: int) -> Iterator[FieldFault]:
    members = value.properties or {}
    if depth and value.required is not None and not isinstance(value.required, list):
        yield FieldFault(f"{pointer}/required", "Inside an object, `required` lists members")
    for number, name in enumerate(value.required if isinstance(value.required, list) else []):
        if name not in members:
            yield FieldFault(f"{pointer}/required/{number}", f"`{name}` is not a member of this object")
    yield from _order_faults(value.ui_order, members, pointer)
    for name, member in members.items():
        yield from _shape_faults(member, f"{pointer}/properties/{name}", depth + 1)
        if member.format == "entity":
            yield FieldFault(f"{pointer}/properties/{name}/format", "An entity is a field of its own, not a member")


def _order_faults(order: list[str] | None, known: object, pointer: str) -> Iterator[FieldFault]:
    """react-jsonschema-form shows an error instead of the form when `ui:order` leaves a field out."""
    assert isinstance(known, dict)
    for number, name in enumerate(order or []):
        if name != "*" and name not in known:
            yield FieldFault(f"{pointer}/ui:order/{number}", f"`{name}` is not a field here")
    if order is not None and "*" not in order and (left := [name for name in known if name not in order]):
        yield FieldFault(f"{pointer}/ui:order", f"`ui:order` leaves out {', '.join(left)}; name them or add `*`")
