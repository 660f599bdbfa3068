"""Faults of values, in sentences for the person who fills in the form: "Version is required"."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from jsonschema.exceptions import ValidationError

from daytwo_forms.rules import SHORTEST_SECRET

_TYPES: Final = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of values",
}
_FORMATS: Final = {
    "date": "a date such as 2026-01-31",
    "date-time": "a date and time with a zone, such as 2026-01-31T18:00:00Z",
    "time": "a time such as 18:00:00Z",
    "email": "an e-mail address",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uri": "an address such as https://example.org/",
    "uuid": "a UUID",
}


def sentence(error: ValidationError, title: str) -> str:
    """What is wrong with the field called `title`, or with a member of it."""
    keyword = str(error.validator)
    said = _SAID.get(keyword)
    return f"{title} {said(error) if said else 'is not a value that is accepted here'}"


def required(title: str) -> str:
    return f"{title} is required"


def too_short(title: str) -> str:
    return (
        f"{title} is shorter than {SHORTEST_SECRET} characters, and so short a secret could not be masked in logs "
        "without blotting out ordinary words. Use a longer one"
    )


def unknown(name: str, fields: Iterable[str]) -> str:
    near = get_close_matches(name, list(fields), n=1)
    return f"The form has no field `{shown(name)}`." + (f" Did you mean `{near[0]}`?" if near else " Leave it out.")


def not_offered(title: str) -> str:
    return f"{title}: this is not one of the choices"


def no_entity(title: str, kind: str, name: str) -> str:
    """The same for an entity that does not exist and for one that may not be seen."""
    return f"{title}: there is no {kind} `{shown(name)}` that you can see"


def shown(text: str) -> str:
    """A value of the asker's, short enough to be repeated to them."""
    return text if len(text) <= 60 else f"{text[:60]}…"


def _choices(error: ValidationError) -> str:
    values = error.validator_value if isinstance(error.validator_value, list) else []
    offered = [str(item.get("title", item.get("const"))) if isinstance(item, Mapping) else str(item) for item in values]
    if not 0 < len(offered) <= 10:
        return "is not one of the choices"
    return f"must be one of {', '.join(offered)}"


def _count(least: str, unit: str) -> Callable[[ValidationError], str]:
    def said(error: ValidationError) -> str:
        limit = error.validator_value
        return f"needs {least} {limit} {unit}{'' if limit == 1 else 's'}"

    return said


def _bound(words: str) -> Callable[[ValidationError], str]:
    return lambda error: f"must be {words} {error.validator_value}"


def _extra(error: ValidationError) -> str:
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    extra = [str(key) for key in error.instance if key not in known] if isinstance(error.instance, Mapping) else []
    return f"has no member called `{shown(extra[0])}`" if extra else "has a member that is not known"


_SAID: Final[Mapping[str, Callable[[ValidationError], str]]] = {
    "type": lambda error: f"must be {_TYPES.get(str(error.validator_value), 'of another type')}",
    "enum": _choices,
    "oneOf": _choices,
    "minLength": _count("at least", "character"),
    "maxLength": _count("at most", "character"),
    "minItems": _count("at least", "item"),
    "maxItems": _count("at most", "item"),
    "uniqueItems": lambda _: "names something twice",
    "pattern": lambda error: f"must look like {error.validator_value}",
    "format": lambda error: f"must be {_FORMATS.get(str(error.validator_value), 'written in another way')}",
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("more than"),
    "exclusiveMaximum": _bound("less than"),
    "multipleOf": _bound("a multiple of"),
    "required": lambda error: f"lacks {error.message.split(' is a required')[0]}",
    "additionalProperties": _extra,
}
