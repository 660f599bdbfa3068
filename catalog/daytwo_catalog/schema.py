"""Is an entity what its kind allows, and is a kind one that can be checked?

Properties are checked by JSON Schema 2020-12 with formats asserted and patterns matched by RE2, in linear time: values
come from what people type into forms. Nothing is ever fetched.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from daytwo_catalog.errors import EntityRejected
from daytwo_catalog.model import Draft, Kind
from daytwo_store.errors import FieldFault
from daytwo_store.tables import Json

FORMATS: Final = frozenset(
    {"date", "date-time", "email", "idn-email", "ipv4", "ipv6", "time", "uri", "uri-reference", "uuid"}
)
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?\Z")
_REF: Final = re.compile(r"([a-z][a-z0-9-]*):([a-z0-9][a-z0-9._-]*)\Z")
_LONGEST: Final = 300  # characters of one fault


Exists = Callable[[str], bool]


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and not re2.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator: Final[type[Validator]] = extend(  # type: ignore[no-untyped-call]  # its stubs leave it untyped
    Draft202012Validator, {"pattern": _pattern}
)
_SCHEMAS_BY_NAME: Final = frozenset({"properties", "$defs", "dependentSchemas"})
_DATA: Final = frozenset({"enum", "const", "default", "examples"})


def is_name(text: str) -> bool:
    """Names are lower case and safe in a URL: shop-production, 1.2, team_a."""
    return _NAME.match(text) is not None


def kind_of(ref: str) -> str | None:
    """The kind in a ref such as group:sre; None when it is no ref."""
    found = _REF.match(ref)
    return found[1] if found else None


def check(draft: Draft, kinds: Mapping[str, Kind]) -> None:
    """Raise `EntityRejected` with every fault of an entity."""
    if faults := list(faults_of(draft, kinds)):
        raise EntityRejected(draft.ref, faults)


def faults_of(draft: Draft, kinds: Mapping[str, Kind]) -> Iterator[FieldFault]:
    """Every fault; pointers are /name, /owner, /properties/…, /relations/…."""
    kind = kinds.get(draft.kind)
    if kind is None:
        yield FieldFault("/kind", f"there is no kind {draft.kind}; there are {', '.join(sorted(kinds)) or 'none'}")
        return
    if not is_name(draft.name):
        yield FieldFault("/name", "a name has lower-case letters, digits, '-', '_' and '.', at most 100 of them")
    if draft.owner is not None and kind_of(draft.owner) != "group":
        yield FieldFault("/owner", f"the owner is a group, as group:sre, and not {draft.owner}")
    for number, group in enumerate(draft.visible_to):
        if kind_of(group) != "group":
            yield FieldFault(f"/visible_to/{number}", f"this is a list of groups, as group:sre, and {group} is none")
    yield from _property_faults(draft.properties, kind)
    yield from _relation_faults(draft.relations, kind)


def schema_faults(schema: Json) -> Iterator[FieldFault]:
    """Why a kind's schema cannot be used; pointers into the schema."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield FieldFault(_pointer(error.absolute_path), _short(error.message))
        return
    if schema.get("type") != "object":
        yield FieldFault("/type", "the properties of an entity are an object: write `type: object`")
    resolver = Registry[Any]().with_resource("", DRAFT202012.create_resource(schema)).resolver()

    def exists(reference: str) -> bool:
        try:
            resolver.lookup(reference)
        except Unresolvable:
            return False
        return True

    yield from _unusable(schema, "", exists)


def _unusable(part: JsonValue, pointer: str, exists: Exists) -> Iterator[FieldFault]:
    """Keywords that would be ignored in silence, fetched from elsewhere, or matched in exponential time."""
    if isinstance(part, list):
        for number, item in enumerate(part):
            yield from _unusable(item, f"{pointer}/{number}", exists)
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        here = f"{pointer}/{_escaped(key)}"
        if detail := _objection(key, value, exists):
            yield FieldFault(here, detail)
        if key in _SCHEMAS_BY_NAME and isinstance(value, dict):
            for name, schema in value.items():
                yield from _unusable(schema, f"{here}/{_escaped(name)}", exists)
        elif key not in _DATA:
            yield from _unusable(value, here, exists)


def _objection(key: str, value: JsonValue, exists: Exists) -> str | None:
    if key == "patternProperties":
        return "patternProperties is not supported. Name the properties, or use additionalProperties."
    if not isinstance(value, str):
        return None
    match key:
        case "$ref" | "$dynamicRef":
            return _bad_reference(value, exists)
        case "format" if value not in FORMATS:
            return f"the format {value} is not checked here. Checked are {', '.join(sorted(FORMATS))}."
        case "pattern" if reason := _bad_pattern(value):
            return f"this pattern cannot be used (RE2 syntax): {reason}"
        case _:
            return None


def _bad_reference(target: str, exists: Exists) -> str | None:
    if not target.startswith("#"):
        return f"{target} lies elsewhere, and nothing is fetched. Write it into this schema under $defs."
    return None if exists(target) else f"there is no {target} in this schema"


def _bad_pattern(pattern: str) -> str | None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else "not understood"
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return None


def _property_faults(properties: Json, kind: Kind) -> Iterator[FieldFault]:
    registry: Registry[Any] = Registry()  # an empty one: without it a remote $ref would be fetched
    validator = _Validator(dict(kind.property_schema), registry=registry, format_checker=_Validator.FORMAT_CHECKER)
    try:
        errors = sorted(validator.iter_errors(dict(properties)), key=lambda error: list(map(str, error.absolute_path)))
    except RecursionError:
        yield FieldFault("/properties", f"the schema of {kind.name} refers to itself without end")
        return
    for error in errors:
        yield FieldFault(f"/properties{_pointer(error.absolute_path)}", _short(error.message))


def _relation_faults(relations: Mapping[str, list[str]], kind: Kind) -> Iterator[FieldFault]:
    for name, targets in relations.items():
        pointer = f"/relations/{_escaped(name)}"
        rule = kind.relations.get(name)
        if rule is None:
            known = ", ".join(kind.relations) or "none"
            yield FieldFault(pointer, f"a {kind.name} has no relation {name}; it has {known}")
            continue
        if len(targets) > 1 and not rule.many:
            yield FieldFault(pointer, f"{name} points at one {rule.kind}, and {len(targets)} are named")
        for number, target in enumerate(targets):
            if kind_of(target) != rule.kind:
                yield FieldFault(
                    f"{pointer}/{number}", f"{name} points at a {rule.kind}, as {rule.kind}:name, not at {target}"
                )


def _pointer(path: object) -> str:
    assert hasattr(path, "__iter__")
    return "".join(f"/{_escaped(str(part))}" for part in path)


def _escaped(part: str) -> str:
    """RFC 6901."""
    return part.replace("~", "~0").replace("/", "~1")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
