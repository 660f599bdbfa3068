"""What is wrong with data, in words: where, and what was expected. Never the value, since it may be a secret."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError


def words(fault: ValidationError) -> Iterator[str]:
    """A fault without the value; of several ways to be right, what is wrong with each."""
    where, found, wanted = fault.json_path, _found(fault), _wanted(fault)
    match fault.validator:
        case "type":
            yield f"{where} is {_kind(found)} and has to be {wanted}"
        case "required":
            lacking = [name for name in wanted if name not in found]
            yield f"{where} lacks {', '.join(map(repr, lacking))}"
        case "enum":
            yield f"{where} is none of {', '.join(map(repr, wanted))}"
        case "additionalProperties":
            known = fault.schema.get("properties", {}) if isinstance(fault.schema, Mapping) else {}
            yield f"{where} has {', '.join(repr(name) for name in found if name not in known)}, not described"
        case "anyOf" | "oneOf" if fault.context:
            for one in fault.context:
                number = one.schema_path[0]
                for line in words(one):
                    yield f"{where} is not as in {fault.validator} {number}: {line}"
        case _:
            yield f"{where} does not satisfy {fault.validator}: {json.dumps(wanted)[:200]}"


def _kind(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names.get(type(value), "something else")


def _wanted(fault: ValidationError) -> Any:
    """What the schema asks for; the library's own type allows for there being nothing."""
    return fault.validator_value


def _found(fault: ValidationError) -> Any:
    """What the data has there."""
    return fault.instance
