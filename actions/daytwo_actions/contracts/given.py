"""What a step gives for an input, as far as its definition says: a value, an answer, built text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pydantic import JsonValue

from daytwo_actions.definitions.model import Action
from daytwo_actions.expressions import has_expression, names, parse_template
from daytwo_forms.fields import FieldSpec, Page


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same in every run."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answers, as it is. `required`: there always is one."""

    name: str
    field: FieldSpec
    required: bool

    @property
    def offered(self) -> Sequence[JsonValue] | None:
        """Every answer that there can be, None when there are more than are written down."""
        if self.field.type == "boolean":
            return [True, False]
        if self.field.enum is not None:
            return list(self.field.enum)
        return [one.const for one in self.field.one_of] if self.field.one_of is not None else None

    @property
    def free(self) -> bool:
        """Anything may be typed."""
        field = self.field
        return self.offered is None and (field.from_, field.kind, field.pattern, field.format) == (None,) * 4


@dataclass(frozen=True, slots=True)
class Words:
    """Text that an expression is a part of."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """An expression of some value."""


Given: TypeAlias = Fixed | Answer | Words | Unknown


def given_for(value: JsonValue, action: Action) -> Given:
    if not has_expression(value):
        return Fixed(value)
    if not isinstance(value, str):
        return Unknown()
    text = value.strip()
    if text != value or not (text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1):
        return Words()
    found = names(parse_template(value))
    if len(found) != 1 or found[0].dotted != text[3:-2].strip():
        return Unknown()
    match found[0].parts:
        case ("inputs", *path):
            return _answer(path, action.spec.form.pages)
        case ("approvals", stage, *path):
            return _filled(str(stage), path, action)
    return Unknown()


def _answer(path: Sequence[str | int], pages: Sequence[Page]) -> Given:
    for page in pages:
        for name, field in page.properties.items():
            if list(path) == [name]:
                always = name in page.required or field.required is True or field.default is not None
                return Answer(name, field, always and field.visible in (None, True))
    return Unknown()


def _filled(stage: str, path: Sequence[str | int], action: Action) -> Given:
    """What an approver fills in; nothing where the stage is not asked."""
    for one in action.spec.approval:
        if one.id == stage:
            found = _answer(path, one.form.pages)
            asked = one.when is True and action.spec.break_glass is None
            return replace(found, required=found.required and asked) if isinstance(found, Answer) else found
    return Unknown()


def inputs_of(inputs: Mapping[str, JsonValue], action: Action) -> dict[str, Given]:
    """By name; null is not given."""
    return {name: given_for(value, action) for name, value in inputs.items() if value is not None}
