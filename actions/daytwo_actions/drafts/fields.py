"""A pipeline's inputs as fields of a form. What a form cannot say is left out, and said."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.pipelines import InputType, PipelineInput
from daytwo_forms.patterns import matches, pattern_fault

MOST_FIELDS: Final = 100
_MOST_OPTIONS: Final = 1_000
_NAME: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]{1,63}")  # of an input of a step
_LONGEST_TEXT: Final = 4_000
_WHOLE: Final = 2**53 - 1
_EXPRESSION: Final = "${{"
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u2028\u2029]")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")  # as our files take one: no exponent
_TYPES: Final = {InputType.NUMBER: "number", InputType.BOOLEAN: "boolean", InputType.ARRAY: "array"}


@dataclass(slots=True)
class Draft:
    """The fields by name, those that have to be answered, and which input takes which."""

    fields: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)  # of the step: the input's name → expression
    left_out: list[str] = field(default_factory=list)  # sentences


def draft(inputs: Iterable[PipelineInput], *, connection: str, project: str) -> Draft:
    """Every input as a field, in their order."""
    made = Draft()
    for one in inputs:
        if len(made.fields) == MOST_FIELDS or not _NAME.fullmatch(one.name):
            made.left_out.append(f"The input {_shown(one.name)} is not here: a form cannot have it.")
            continue
        name = _field_name(one.name, made.fields)
        made.fields[name] = _field(one, connection, project, made.left_out)
        made.inputs[one.name] = f"${{{{ inputs.{name} }}}}"
        if one.required:
            made.required.append(name)
    return made


def title_of(name: str) -> str:
    """ "image_tag" → "Image tag"."""
    words = re.sub(r"[_\W]+", " ", name).strip() or name
    return words[:1].upper() + words[1:]


def plain_text(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Somebody else's words as a form may show them."""
    return _UNPRINTABLE.sub(" ", text).replace(_EXPRESSION, "{{").strip()[:longest]


def _field_name(name: str, taken: Iterable[str]) -> str:
    word = re.sub(r"[^A-Za-z0-9_]", "_", name)
    word = (word if word[0].isascii() and word[0].isalpha() else f"x{word}")[:60]
    found, number = word, 1
    while found in taken:
        number += 1
        found = f"{word}_{number}"
    return found


def _field(one: PipelineInput, connection: str, project: str, left_out: list[str]) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {"type": _TYPES.get(one.type, "string"), "title": title_of(one.name)[:200]}
    if one.description and (description := plain_text(one.description)):
        made["description"] = description
    if one.type is InputType.ENVIRONMENT:  # asked for each time: they come and go without a change of the file
        made["from"] = {"connection": connection, "list": "environments", "project": project}
    if one.type is InputType.ARRAY:
        made["items"] = {"type": "string"}
    options = _options(one, left_out)
    if options:
        numbers = all(isinstance(option, int | float) for option in options)
        made["type"] = "number" if numbers else "string"
        made["enum"] = options if numbers else [str(option) for option in options]
    pattern = _pattern(one, left_out)
    if pattern is not None:
        made["pattern"] = pattern
    default = _default(one, made)
    if default is not None:
        made["default"] = default
    elif one.default not in (None, ""):
        left_out.append(f"The default of {_shown(one.name)} is not in the form; the pipeline's own holds.")
    return made


def _options(one: PipelineInput, left_out: list[str]) -> list[JsonValue]:
    if one.type in {InputType.ARRAY, InputType.ENVIRONMENT}:
        return []
    kept = [option for option in one.options if _is_kept(option)]
    offered: list[JsonValue] = [option if isinstance(option, str) else _number(option) for option in kept]
    if len(offered) != len(one.options) or len(offered) > _MOST_OPTIONS:
        left_out.append(f"Not every option of {_shown(one.name)} is in the form.")
    return offered[:_MOST_OPTIONS]


def _pattern(one: PipelineInput, left_out: list[str]) -> str | None:
    if one.pattern is None or one.options or one.type is not InputType.STRING:
        return None
    kept = _is_kept(one.pattern)
    fault = pattern_fault(one.pattern) if kept else "It has something that a form cannot have"
    if fault is None:
        return one.pattern
    left_out.append(f"The pattern of {_shown(one.name)} is checked by the pipeline only. {plain_text(fault, 200)}.")
    return None


def _default(one: PipelineInput, made: dict[str, JsonValue]) -> JsonValue:
    """The pipeline's default where it fits the field, None otherwise."""
    value = one.default
    offered = made.get("enum")
    if isinstance(offered, list):
        fitting = [option for option in offered if str(option) == str(value)]
        return fitting[0] if fitting else None
    match made["type"]:
        case "boolean":
            return value if isinstance(value, bool) else None
        case "number":
            kept = isinstance(value, int | float) and not isinstance(value, bool) and _is_kept(value)
            return _number(float(str(value))) if kept else None
        case "array":
            words = isinstance(value, list) and all(isinstance(item, str) and _is_kept(item) for item in value)
            return value if value and words else None
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    pattern = made.get("pattern")
    fits = bool(text) and _is_kept(text) and (not isinstance(pattern, str) or matches(pattern, text))
    return text if fits and "from" not in made else None


def _is_kept(value: JsonValue) -> bool:
    if isinstance(value, str):
        return _is_text(value) and len(value) <= _LONGEST_TEXT and _EXPRESSION not in value
    return (
        isinstance(value, int | float) and abs(value) <= _WHOLE and _NUMBER.fullmatch(str(_number(value))) is not None
    )


def _number(value: float) -> int | float:
    """3.0 is 3, as our files write it."""
    return int(value) if math.isfinite(value) and value == int(value) else value


def _is_text(value: str) -> bool:
    return _UNPRINTABLE.search(value) is None


def _shown(name: str) -> str:
    return f"`{plain_text(name, 100)}`"
