"""Is an entity what its kind allows, and is a kind one that can be checked?

Properties are checked by JSON Schema 2020-12 with formats asserted and patterns matched by RE2, in linear time: values
come from what people type into forms. Nothing is ever fetched.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final, cast

import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from daytwo_catalog import schema_keywords
from daytwo_catalog.errors import EntityRejected
from daytwo_catalog.model import Draft, Kind
from daytwo_catalog.schema_keywords import escaped
from daytwo_store.errors import FieldFault
from daytwo_store.tables import Json

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?\Z")
_REF: Final = re.compile(r"([a-z][a-z0-9-]*):([a-z0-9][a-z0-9._-]*)\Z")
_LONGEST: Final = 300  # characters of one fault
_PARTS: Final = 5_000  # of a schema
_REFERENCES: Final = 10_000  # that are followed to check one entity


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and not re2.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


class _TooMuch(Exception):
    """References lead to one another in more ways than anybody can go."""


def _counting(keyword: str) -> Callable[..., Iterator[ValidationError]]:
    """A reference, followed as always and counted: twenty that each name the next one twice are a million."""
    follow = Draft202012Validator.VALIDATORS[keyword]

    def followed(validator: Any, target: str, value: object, schema: object) -> Iterator[ValidationError]:
        left = _LEFT.get()
        left[0] -= 1
        if left[0] < 0:
            raise _TooMuch
        yield from follow(validator, target, value, schema) or ()

    return followed


_LEFT: ContextVar[list[int]] = ContextVar("references that may still be followed")
_Validator: Final[type[Validator]] = extend(  # type: ignore[no-untyped-call]  # its stubs leave it untyped
    Draft202012Validator, {"pattern": _pattern, **{name: _counting(name) for name in ("$ref", "$dynamicRef")}}
)


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
    if _is_large(schema):
        yield FieldFault("", f"a schema has at most {_PARTS} objects and lists. Make it simpler.")
        return
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield FieldFault(_pointer(error.absolute_path), _short(error.message))
        return
    if schema.get("type") != "object":
        yield FieldFault("/type", "the properties of an entity are an object: write `type: object`")
    yield from schema_keywords.faults(schema)


def _is_large(schema: Json) -> bool:
    """Checking it, and entities by it, would take long: 2^14 ways of `anyOf` are seconds."""
    left, found = [cast("object", schema)], 0
    while left and found <= _PARTS:
        part = left.pop()
        if isinstance(part, Mapping | list):
            found += 1
            left += part.values() if isinstance(part, Mapping) else part
    return found > _PARTS


def _property_faults(properties: Json, kind: Kind) -> Iterator[FieldFault]:
    registry: Registry[Any] = Registry()  # an empty one: without it a remote $ref would be fetched
    # A part that names a dialect is handed to that dialect's own validator, which knows nothing of RE2.
    schema = {name: value for name, value in kind.property_schema.items() if name != schema_keywords.DIALECT}
    validator = _Validator(schema, registry=registry, format_checker=_Validator.FORMAT_CHECKER)
    _LEFT.set([_REFERENCES])
    try:
        errors = sorted(validator.iter_errors(dict(properties)), key=lambda error: list(map(str, error.absolute_path)))
    except _TooMuch:
        yield FieldFault(
            "/properties",
            f"the schema of {kind.name} leads on more than {_REFERENCES} times. Make it simpler.",
        )
        return
    except RecursionError:
        yield FieldFault("/properties", f"the schema of {kind.name} refers to itself without end")
        return
    except Unresolvable:
        yield FieldFault("/properties", f"the schema of {kind.name} refers to something that is not in it")
        return
    for error in errors:
        yield FieldFault(f"/properties{_pointer(error.absolute_path)}", _short(error.message))


def _relation_faults(relations: Mapping[str, list[str]], kind: Kind) -> Iterator[FieldFault]:
    for name, targets in relations.items():
        pointer = f"/relations/{escaped(name)}"
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
    return "".join(f"/{escaped(str(part))}" for part in path)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
