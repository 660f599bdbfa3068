"""One field with its answer: is it of the right shape, and what do expressions see of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

from jsonschema.exceptions import ValidationError
from pydantic import JsonValue

from daytwo_forms import messages
from daytwo_forms.pointers import under
from daytwo_forms.rules import SHORTEST_SECRET
from daytwo_forms.schema import FormField
from daytwo_forms.sources import EntitySource
from daytwo_store.errors import FieldFault, Unavailable

MAX_CHOSEN: Final = 50  # of a list; each is looked up at its source


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`data` is what is stored: an entity is its ref. `record` is null when anything is wrong with it."""

    data: JsonValue = None
    record: JsonValue = None
    faults: tuple[FieldFault, ...] = ()
    unchecked: str | None = None


@dataclass(slots=True)
class _Found:
    refs: list[JsonValue] = field(default_factory=list)
    records: list[JsonValue] = field(default_factory=list)
    faults: list[FieldFault] = field(default_factory=list)
    unchecked: str | None = None


def is_blank(value: object) -> bool:
    """Nothing was answered. Empty text is what a cleared field sends."""
    return value is None or value == ""


async def read_answer(field: FormField, value: JsonValue, entities: EntitySource) -> Answer:
    """Check one answer against its field. The source of entities not answering is not a fault of the answer."""
    if is_blank(value):
        return Answer()
    if field.secret and isinstance(value, str) and len(value.strip()) < SHORTEST_SECRET:
        return Answer(data=value, faults=(FieldFault("", messages.too_short(field.title)),))
    errors = sorted(field.validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    if errors:
        return Answer(data=value, faults=tuple(_fault(error, field) for error in errors[:20]))
    value = _whole_numbers(value, field.schema)
    if isinstance(value, list) and len(value) > MAX_CHOSEN and (field.kind or field.choices):
        return Answer(data=value, faults=(FieldFault("", f"{field.title} takes at most {MAX_CHOSEN} at once"),))
    if field.kind is None:
        return Answer(data=value, record=value)
    return await _entities(field, field.kind, value, entities)


async def _entities(form_field: FormField, kind: str, value: JsonValue, entities: EntitySource) -> Answer:
    found = _Found()
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        pointer = f"/{number}" if form_field.many else ""
        await _entity(found, form_field.title, (kind, item if isinstance(item, str) else ""), pointer, entities)
    if found.faults or found.unchecked:
        refs = found.refs if form_field.many else found.refs[0]
        return Answer(data=refs, faults=tuple(found.faults), unchecked=found.unchecked)
    if form_field.many:
        return Answer(data=found.refs, record=found.records)
    return Answer(data=found.refs[0], record=found.records[0])


async def _entity(found: _Found, title: str, asked: tuple[str, str], pointer: str, entities: EntitySource) -> None:
    """A ref `kind:name`, or the name alone."""
    kind, text = asked
    prefix, colon, rest = text.partition(":")
    name = rest if colon else text
    found.refs.append(f"{kind}:{name}" if not colon or prefix == kind else text)
    if colon and prefix != kind:
        detail = f"{title} must be of kind {kind}, and `{messages.shown(text)}` is of kind {messages.shown(prefix)}"
        found.faults.append(FieldFault(pointer, detail))
        return
    try:
        record = await entities.get(kind, name)
    except Unavailable as error:
        found.unchecked = f"{title} cannot be checked: {error.detail}"
        return
    if record is None:
        found.faults.append(FieldFault(pointer, messages.no_entity(title, kind, name)))
    else:
        found.records.append(_json(record))


def _fault(error: ValidationError, form_field: FormField) -> FieldFault:
    path = reduce(under, error.absolute_path, "")
    inner = f"{form_field.title}, {' '.join(map(_spoken, error.absolute_path))}:" if path else form_field.title
    return FieldFault(path, messages.sentence(error, inner))


def _spoken(part: str | int) -> str:
    return f"item {part + 1}" if isinstance(part, int) else part


def _whole_numbers(value: JsonValue, schema: Mapping[str, JsonValue]) -> JsonValue:
    """1.0 is a whole number to JSON Schema; CI systems that take text would be sent "1.0"."""
    if isinstance(value, float) and schema.get("type") == "integer":
        return int(value)
    items, properties = schema.get("items"), schema.get("properties")
    if isinstance(value, list) and isinstance(items, dict):
        return [_whole_numbers(item, items) for item in value]
    if isinstance(value, dict) and isinstance(properties, dict):
        inner = {key: each for key, each in properties.items() if isinstance(each, dict)}
        return {key: _whole_numbers(item, inner.get(key, {})) for key, item in value.items()}
    return value


def _json(value: object) -> JsonValue:
    """A plain copy of a record, so that nothing but JSON reaches an expression."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    raise TypeError(f"an entity source gave {type(value).__name__}, which is not JSON")
