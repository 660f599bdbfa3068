"""Keywords of a kind's schema that cannot be used: they would be ignored in silence, lead elsewhere, or take a value
away from our own checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import re2
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from daytwo_store.errors import FieldFault

DIALECT: Final = "$schema"
FORMATS: Final = frozenset(
    {"date", "date-time", "email", "idn-email", "ipv4", "ipv6", "time", "uri", "uri-reference", "uuid"}
)
_OURS: Final = "https://json-schema.org/draft/2020-12/schema"
_BY_NAME: Final = frozenset({"properties", "$defs", "dependentSchemas"})
_DATA: Final = frozenset({"enum", "const", "default", "examples", "dependentRequired", "$vocabulary"})
_REFERENCES: Final = frozenset({"$ref", "$dynamicRef"})


def faults(schema: Mapping[str, JsonValue]) -> Iterator[FieldFault]:
    """Everything that is wrong with its keywords; pointers into the schema, which is one of 2020-12."""
    found = _Found()
    yield from found.walk(dict(schema), "")
    yield from found.references(schema)


@dataclass(slots=True)
class _Found:
    """What a walk through a schema has come by."""

    places: set[str] = field(default_factory=set)  # of schemas; data is none, whatever it looks like
    named: list[tuple[str, str]] = field(default_factory=list)  # references and where they stand

    def walk(self, part: JsonValue, pointer: str) -> Iterator[FieldFault]:
        if isinstance(part, dict | bool):
            self.places.add(pointer)
        if isinstance(part, list):
            for number, item in enumerate(part):
                yield from self.walk(item, f"{pointer}/{number}")
        if not isinstance(part, dict):
            return
        for key, value in part.items():
            here = f"{pointer}/{escaped(key)}"
            if detail := _objection(key, value, root=not pointer):
                yield FieldFault(here, detail)
            elif key in _REFERENCES and isinstance(value, str):
                self.named.append((here, value))
            for inner, there in _schemas_in(key, value, here):
                yield from self.walk(inner, there)

    def references(self, schema: Mapping[str, JsonValue]) -> Iterator[FieldFault]:
        """Those that lead to no schema of this one."""
        resource = DRAFT202012.create_resource({name: value for name, value in schema.items() if name != "$id"})
        resolver = Registry[Any]().with_resource("", resource).resolver()
        for here, target in self.named:
            if target.startswith("#/") and target[1:] not in self.places:
                yield FieldFault(here, f"there is no {target} in this schema")
                continue
            try:
                resolver.lookup(target)
            except Unresolvable:
                yield FieldFault(here, f"there is no {target} in this schema")


def _schemas_in(key: str, value: JsonValue, here: str) -> Iterator[tuple[JsonValue, str]]:
    """What of a keyword's value may be schemas, with its place."""
    if key in _BY_NAME and isinstance(value, dict):
        for name, schema in value.items():
            yield schema, f"{here}/{escaped(name)}"
    elif key not in _DATA:
        yield value, here


def _objection(key: str, value: JsonValue, *, root: bool) -> str | None:
    if key == "patternProperties":
        return "patternProperties is not supported. Name the properties, or use additionalProperties."
    if not isinstance(value, str):
        return None
    match key:
        case "$schema" if not root or value.removesuffix("#") != _OURS:
            return f"schemas of kinds are JSON Schema 2020-12 throughout. Leave $schema out, or write {_OURS} on top."
        case "$id" if not root:
            return "a part with a name of its own moves what references lead to. Leave $id out."
        case "$ref" | "$dynamicRef" if not value.startswith("#"):
            return f"{value} lies elsewhere, and nothing is fetched. Write it into this schema under $defs."
        case "format" if value not in FORMATS:
            return f"the format {value} is not checked here. Checked are {', '.join(sorted(FORMATS))}."
        case "pattern" if reason := _bad_pattern(value):
            return f"this pattern cannot be used (RE2 syntax): {reason}"
        case _:
            return None


def _bad_pattern(pattern: str) -> str | None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else "not understood"
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return None


def escaped(part: str) -> str:
    """RFC 6901."""
    return part.replace("~", "~0").replace("/", "~1")
