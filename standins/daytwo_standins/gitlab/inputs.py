"""``spec:inputs`` of a configuration: what is declared, whether what was given fits, and its place in the text.

https://docs.gitlab.com/ci/inputs/: typed, checked when the pipeline is created, filled into ``$[[ inputs.name ]]``.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any, Final

MOST_INPUTS = 20  # of one pipeline: https://runbooks.gitlab-static.net/ci/inputs
_BLOCK = re.compile(r"\$\[\[\s*inputs\.([\w-]+)\s*((?:\|[^\]|]*)*)\]\]")
_TRUNCATE = re.compile(r"truncate\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_MOST_BYTES: Final = 1_000_000
_TYPES: Final = {"string": (str,), "number": (int, float), "boolean": (bool,), "array": (list,)}
_ARTICLES: Final = {"string": "a string", "number": "a number", "boolean": "a boolean", "array": "an array"}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A declared input; ``required`` when it has no default."""

    name: str
    type: str = "string"
    required: bool = True
    default: Any = None
    options: tuple[Any, ...] = ()
    regex: str = ""


def declared(header: Mapping[str, Any]) -> tuple[Input, ...]:
    """The inputs that the header of a configuration declares."""
    spec = header.get("spec")
    named = spec.get("inputs") if isinstance(spec, dict) else None
    return tuple(_input(str(name), facts) for name, facts in named.items()) if isinstance(named, dict) else ()


def accept(inputs: tuple[Input, ...], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The values of all inputs, and what is wrong with what was given, in GitLab's words."""
    unknown = sorted(set(given) - {one.name for one in inputs})
    faults = (
        [f"Given inputs not defined in the `spec` section of the included configuration file: `{'`, `'.join(unknown)}`"]
        if unknown
        else []
    )
    values = {}
    for one in inputs:
        if one.name not in given:
            if one.required:
                faults.append(f"`{one.name}` input: required value has not been provided")
            values[one.name] = one.default
            continue
        values[one.name] = given[one.name]
        faults += [f"`{one.name}` input: {what}" for what in _wrong(one, given[one.name])]
    return values, faults


def interpolate(text: str, values: Mapping[str, Any]) -> str:
    """The text with every block replaced by its value; a block that names no input stays."""

    def fill(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        value = as_text(values[found[1]])
        for start, length in _TRUNCATE.findall(found[2]):
            value = value[int(start) : int(start) + int(length)]
        return value

    return _BLOCK.sub(fill, text)


def as_text(value: object) -> str:
    """A value as it stands in the filled text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _input(name: str, facts: object) -> Input:
    told = facts if isinstance(facts, dict) else {}
    options = told.get("options")
    return Input(
        name=name,
        type=str(told.get("type") or "string"),
        required="default" not in told,
        default=told.get("default"),
        options=tuple(options) if isinstance(options, list) else (),
        regex=str(told.get("regex") or ""),
    )


def _wrong(one: Input, value: object) -> list[str]:
    if not isinstance(value, _TYPES.get(one.type, (object,))) or (isinstance(value, bool) and one.type == "number"):
        return [f"provided value is not {_ARTICLES[one.type]}"]
    if len(as_text(value).encode()) > _MOST_BYTES:
        return ["provided value is too large"]
    if one.options and value not in one.options:
        return [f"`{as_text(value)}` cannot be used because it is not in the list of allowed options"]
    if one.regex and not re.search(one.regex.strip("/"), str(value)):
        return ["provided value does not match required RegEx pattern"]
    return []
