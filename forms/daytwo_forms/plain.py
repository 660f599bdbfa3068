"""From the vocabulary to what the browser and the validator read: plain JSON Schema, and a uiSchema beside it."""

from collections.abc import Iterable, Mapping
from typing import Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from pydantic import JsonValue

from daytwo_forms.fields import Hints, Value
from daytwo_forms.patterns import matches

CHECKED_FORMATS: Final = ("date", "date-time", "time", "email", "ipv4", "ipv6", "uri", "uuid")
_OURS: Final = frozenset(
    {"from", "kind", "default", "visible", "disabled", "secret", "items", "properties", "required"}
)
Schema = dict[str, JsonValue]


def plain_schema(value: Value) -> Schema:
    """JSON Schema 2020-12 without any key of ours, and without `default`: what is filled in is in the data."""
    keys = value.model_dump(by_alias=True, exclude_unset=True, mode="json")
    schema: Schema = {
        key: item
        for key, item in keys.items()
        if item is not None and key not in _OURS and not key.startswith("ui:") and item != "entity"
    }
    if value.items is not None:
        schema["items"] = plain_schema(value.items)
    if value.properties is not None:
        schema["properties"] = {name: plain_schema(member) for name, member in value.properties.items()}
        schema["additionalProperties"] = False
        if isinstance(value.required, list):
            schema["required"] = list(value.required)
    return schema


def ui_schema(value: Value) -> Schema:
    """The hints of a field and of what is inside it."""
    ui: Schema = hints(value)
    if value.items is not None and (inner := ui_schema(value.items)):
        ui["items"] = inner
    for name, member in (value.properties or {}).items():
        if inner := ui_schema(member):
            ui[name] = inner
    return ui


def hints(value: Hints) -> Schema:
    keys = value.model_dump(by_alias=True, exclude_unset=True, mode="json")
    return {key: item for key, item in keys.items() if key.startswith("ui:") and item is not None}


def validator(schema: Mapping[str, JsonValue]) -> Draft202012Validator:
    """Checks formats, and matches patterns by RE2 instead of Python's backtracking `re`."""
    return _Validator(schema, format_checker=FormatChecker(CHECKED_FORMATS))


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterable[ValidationError]:
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError("does not match the pattern")


_Validator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]  # untyped in its stubs
    Draft202012Validator, {"pattern": _pattern}
)
