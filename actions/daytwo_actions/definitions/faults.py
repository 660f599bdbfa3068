"""Faults that pydantic finds, as problems at their place with the fix."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, UnionType
from typing import Annotated, Final, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.expressions import did_you_mean
from daytwo_forms.messages import shown
from daytwo_forms.pointers import under

_INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "$ref": "Write the fields out: a form stands alone, and nothing is ever fetched.",
        "$defs": "Write the fields out where they are used.",
        "const": "Use `default` with `disabled: true`, or `enum` with one value.",
        "dependencies": "Use `visible` with an expression.",
        "allOf": "Use `visible` and `required` with expressions.",
        "anyOf": "Use `visible` and `required` with expressions.",
        "ui:field": "Use `format: entity` for an entity, or `from` for choices.",
        "ui:disabled": "Use `disabled`, which the server minds too.",
        "ui:readonly": "Use `disabled`, which the server minds too.",
        "if": "Steps have an `if`. In a form, use `visible`.",
    }
)
_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "string_type": "Text is needed here",
        "int_type": "A whole number is needed here",
        "int_from_float": "A whole number is needed here",
        "float_type": "A number is needed here",
        "bool_type": "True or false is needed here",
        "list_type": "A list is needed here",
        "dict_type": "A map is needed here",
        "model_type": "A map is needed here",
        "model_attributes_type": "A map is needed here",
    }
)


def problems(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """One problem for each fault, at the value or at the unknown key."""
    return [_problem(detail, document, model) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, document: Document, model: type[BaseModel]) -> Problem:
    whole = detail["loc"]
    loc = [part for part in whole if not _is_tag(part)]
    at_key = detail["type"] == "extra_forbidden" or loc[-1:] == ["[key]"]
    pointer = ""
    for part in loc:
        pointer = pointer if part == "[key]" else under(pointer, part)
    message, advice = _said(detail, whole, model)
    if detail["type"] == "missing":
        pointer = pointer.rpartition("/")[0]
    return document.problem(pointer, message, advice, at_key=at_key)


def _is_tag(part: str | int) -> bool:
    """The name of a union's member, which is no part of the document."""
    return isinstance(part, str) and part.startswith("(")


def _said(detail: ErrorDetails, loc: Sequence[str | int], model: type[BaseModel]) -> tuple[str, str | None]:
    kind, context = detail["type"], detail.get("ctx", {})
    key = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        known = list(_known_keys(model, loc[:-1]))
        advice = _INSTEAD.get(key) or did_you_mean(key, known) or f"Known here: {', '.join(sorted(known))}."
        return f"`{key}` is not a known key here", advice
    if kind == "missing":
        return f"`{key}` is missing here", None
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", "")).replace(" or ", ", ").replace("'", "")
        return f"This is one of {expected}", did_you_mean(str(detail["input"]), expected.split(", "))
    if kind == "value_error":
        return str(context.get("error", "This value cannot be used")), None
    if kind == "string_pattern_mismatch":
        return f"`{shown(str(detail['input']))}` does not look like {context.get('pattern')}", None
    return _plain(detail), _quote(detail)


def _plain(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "union_tag_invalid":
            expected = str(context.get("expected_tags", ""))
            words = {"(flag)": "true or false", "(text)": "text", "(list)": "a list", "(whole)": "a number"}
            return f"This is {' or '.join(word for tag, word in words.items() if tag in expected)}"
        case "too_short" | "string_too_short":
            return "This must not be empty" if context.get("min_length") == 1 else "This is too short"
        case "too_long" | "string_too_long":
            return f"This is longer than {context.get('max_length')}"
        case "greater_than_equal" | "greater_than":
            return (
                f"This must be {'at least' if 'ge' in context else 'more than'} {context.get('ge', context.get('gt'))}"
            )
        case "less_than_equal":
            return f"This must be at most {context.get('le')}"
        case other:
            return _TYPES.get(other, detail["msg"])


def _quote(detail: ErrorDetails) -> str | None:
    value = detail["input"]
    if detail["type"] == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        return f'Write "{value}".'
    return None


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> Iterator[str]:
    """The keys of the model that stands at a place; of a union, of the member whose name stands in it."""
    types: list[object] = [model]
    last = len(loc) - 1  # what is directly in a union is looked for in all its members: the wrong one may be meant
    for index, part in enumerate(loc):
        if not _is_tag(part):
            types = [inner for one in types for inner in _members(one, part)]
        elif index < last:
            types = [inner for one in types for inner in _tagged(one, part)] or types
    for one in (inner for alternative in types for inner in _alternatives(alternative)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            yield from (field.alias or name for name, field in one.model_fields.items())


def _tagged(owner: object, tag: str | int) -> Iterator[object]:
    """The member of a union that bears a name."""
    if get_origin(owner) is Annotated:
        inner, *notes = get_args(owner)
        if any(isinstance(note, Tag) and note.tag == tag for note in notes):
            yield inner
        else:
            yield from _tagged(inner, tag)
    elif get_origin(owner) in (Union, UnionType):
        for one in get_args(owner):
            yield from _tagged(one, tag)


def _members(owner: object, part: str | int) -> Iterator[object]:
    if get_origin(owner) is Annotated or get_origin(owner) in (Union, UnionType):
        for one in _alternatives(owner):
            yield from _members(one, part)
    elif isinstance(owner, type) and issubclass(owner, BaseModel):
        for name, field in owner.model_fields.items():
            if (field.alias or name) == part:
                yield field.annotation
    elif get_origin(owner) in (dict, list):
        yield get_args(owner)[-1]


def _alternatives(annotation: object) -> Iterator[object]:
    """The members of a union, without what is annotated to them."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation
