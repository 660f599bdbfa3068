"""What members a name has, as far as it is declared: the answer to "is `entity.properties.repositry` a typo?"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue

from daytwo_forms.fields import FieldSpec, Item, Value

_NOUNS: Final = {
    "string": "text",
    "number": "a number",
    "integer": "a number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Anything:
    """Nothing is declared, so nothing is known."""


@dataclass(frozen=True, slots=True)
class Single:
    """A value without members. `noun` says what it is."""

    noun: str


@dataclass(frozen=True, slots=True)
class Many:
    items: "Shape"


@dataclass(frozen=True, slots=True)
class Members:
    known: Mapping[str, "Shape"]


Shape: TypeAlias = Anything | Single | Many | Members


@dataclass(frozen=True, slots=True)
class Unknown:
    """The part of a path that is not declared, by its index, and what is known in its place."""

    index: int
    owner: Shape


@dataclass(frozen=True, kw_only=True, slots=True)
class KindShape:
    """A kind as far as definitions need it: JSON Schema of the properties, and the relations with their kinds."""

    schema: Mapping[str, JsonValue]
    relations: Mapping[str, "RelationShape"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RelationShape:
    kind: str
    many: bool


TEXT: Final = Single("text")


def find(shape: Shape, parts: Sequence[str | int]) -> Unknown | None:
    """The first part that is not declared, or None when all of them may exist."""
    for index, part in enumerate(parts):
        match shape:
            case Anything():
                return None
            case Members(known) if isinstance(part, str) and part in known:
                shape = known[part]
            case Many(items) if isinstance(part, int):
                shape = items
            case _:
                return Unknown(index, shape)
    return None


def of_schema(schema: JsonValue) -> Shape:
    """From JSON Schema. An object that does not say `additionalProperties: true` has the members that it lists."""
    if not isinstance(schema, Mapping):
        return Anything()
    kind = schema.get("type")
    if kind == "array":
        return Many(of_schema(schema.get("items")))
    if isinstance(kind, str) and kind in _NOUNS:
        return Single(_NOUNS[kind])
    properties = schema.get("properties")
    closed = schema.get("additionalProperties") in (None, False) and "patternProperties" not in schema
    if isinstance(properties, Mapping) and closed and not {"$ref", "allOf", "anyOf", "oneOf"} & schema.keys():
        return Members({name: of_schema(inner) for name, inner in properties.items()})
    return Anything()


def of_entity(kind: KindShape | None) -> Shape:
    """The record of an entity; everything below its properties and relations is unknown with its kind."""
    properties: Shape = of_schema(dict(kind.schema)) if kind else Anything()
    relations: Shape = Anything()
    if kind:
        relations = Members({name: Many(TEXT) if one.many else TEXT for name, one in kind.relations.items()})
    return Members(
        {"ref": TEXT, "name": TEXT, "kind": TEXT, "owner": TEXT, "properties": properties, "relations": relations}
    )


def of_field(spec: FieldSpec, kinds: Mapping[str, KindShape]) -> Shape:
    """What expressions see of an answer: an entity is its record."""
    item: Item = spec.items if spec.type == "array" and spec.items is not None else spec
    if item.kind is not None:
        record = of_entity(kinds.get(item.kind))
        return Many(record) if item is not spec else record
    return of_value(spec)


def of_value(value: Value) -> Shape:
    if value.type == "array":
        return Many(of_value(value.items) if value.items else Anything())
    if value.type == "object":
        return Members({name: of_value(member) for name, member in (value.properties or {}).items()})
    return Single(_NOUNS[value.type])
