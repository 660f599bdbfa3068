"""Which word means which function, filter or test."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from daytwo_actions.expressions import library as lib
from daytwo_actions.expressions.library import Function

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "contains": Function(lib.contains, 2, 2),
        "startsWith": Function(lambda whole, start: lib.text(whole).startswith(lib.text(start)), 2, 2),
        "endsWith": Function(lambda whole, end: lib.text(whole).endswith(lib.text(end)), 2, 2),
        "format": Function(lib.formatted, 1, 20),
        "join": Function(lib.joined, 1, 2),
        "toJSON": Function(lib.to_json, 1, 1),
        "fromJSON": Function(lib.from_json, 1, 1),
    }
)

FILTERS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "abs": Function(lib.absolute, 1, 1),
        "default": Function(lambda value, other: other if value is None else value, 2, 3),
        "first": Function(lib.first, 1, 1),
        "float": Function(lib.floating, 1, 1),
        "int": Function(lib.integer, 1, 1),
        "join": Function(lib.joined, 1, 2),
        "last": Function(lib.last, 1, 1),
        "length": Function(lib.length, 1, 1),
        "lower": Function(lambda value: lib.text(value).lower(), 1, 1),
        "max": Function(lib.largest, 1, 1),
        "min": Function(lib.smallest, 1, 1),
        "replace": Function(lib.replaced, 3, 3),
        "reverse": Function(lib.backwards, 1, 1),
        "round": Function(lib.rounded, 1, 2),
        "sort": Function(lib.ordered, 1, 1),
        "split": Function(lib.split, 2, 2),
        "string": Function(lib.as_text, 1, 1),
        "tojson": Function(lib.to_json, 1, 1),
        "trim": Function(lambda value: lib.text(value).strip(), 1, 1),
        "unique": Function(lib.unique, 1, 1),
        "upper": Function(lambda value: lib.text(value).upper(), 1, 1),
        "urlencode": Function(lib.url_encoded, 1, 1),
    }
)

TESTS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "boolean": Function(lambda value: isinstance(value, bool), 1, 1),
        "defined": Function(lambda value: value, 1, 1),  # the parser answers these two itself, from the path
        "undefined": Function(lambda value: value, 1, 1),
        "even": Function(lambda value: lib.integer(value) % 2 == 0, 1, 1),
        "false": Function(lambda value: value is False, 1, 1),
        "integer": Function(lambda value: isinstance(value, int) and not isinstance(value, bool), 1, 1),
        "mapping": Function(lambda value: isinstance(value, Mapping), 1, 1),
        "none": Function(lambda value: value is None, 1, 1),
        "null": Function(lambda value: value is None, 1, 1),
        "number": Function(lib.number, 1, 1),
        "odd": Function(lambda value: lib.integer(value) % 2 == 1, 1, 1),
        "sequence": Function(lambda value: isinstance(value, Sequence) and not isinstance(value, str), 1, 1),
        "string": Function(lambda value: isinstance(value, str), 1, 1),
        "true": Function(lambda value: value is True, 1, 1),
    }
)
