"""One step against one pipeline: what is missing, unknown, of the wrong type or not offered. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import re2
from pydantic import JsonValue

from daytwo_actions.backends.pipelines import InputType, PipelineInput, PipelineInputs, Severity, is_ours
from daytwo_actions.contracts.given import Answer, Fixed, Given, Words, inputs_of
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.expressions import did_you_mean
from daytwo_forms.patterns import matches
from daytwo_forms.pointers import under

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NOUNS: Final = {
    InputType.STRING: "text",
    InputType.NUMBER: "a number",
    InputType.BOOLEAN: "true or false",
    InputType.CHOICE: "one of its options",
    InputType.ENVIRONMENT: "the name of an environment",
    InputType.ARRAY: "a list",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something about a step. `pointer` is below the step; `line` is where the pipeline's file says otherwise."""

    severity: Severity
    pointer: str
    message: str
    suggestion: str | None = None
    line: int | None = None
    at_key: bool = False


def compare(action: Action, step: DispatchStep, pipeline: PipelineInputs) -> Iterator[Finding]:
    """Everything to correct, in the step or in the pipeline's file."""
    for remark in pipeline.remarks:
        if remark.severity is not Severity.NOTE:
            pointer = "/with/pipeline" if step.with_.pipeline else "/with"
            said = remark.message.rstrip(".")
            yield Finding(severity=remark.severity, pointer=pointer, message=said, line=remark.line)
    if any(remark.severity is Severity.ERROR for remark in pipeline.remarks):
        return  # it cannot be started at all, so what it takes is not known
    given = inputs_of(step.with_.inputs, action)
    declared = {one.name: one for one in pipeline.inputs}
    for one in pipeline.inputs:
        if one.required and one.name not in given:
            yield _missing(one)
    for name, what in given.items():
        if name in declared:
            yield from _typed(declared[name], what)
        elif not is_ours(name):
            yield from _undeclared(name, pipeline)


def _missing(one: PipelineInput) -> Finding:
    message = f"The pipeline requires the input `{one.name}`, and the step does not give it"
    return Finding(severity=Severity.ERROR, pointer="/with/inputs", message=message, line=one.line)


def _undeclared(name: str, pipeline: PipelineInputs) -> Iterator[Finding]:
    """A name that the pipeline does not know; where it takes others too, only what looks like a slip."""
    known = [one.name for one in pipeline.inputs]
    advice = did_you_mean(name, known)
    taken = pipeline.others or pipeline.packs
    if taken and advice is None:
        return
    if advice is None:
        advice = f"It takes: {', '.join(known[:20])}." if known else "It takes none."
        if len(known) > 20:
            advice = f"Declare it there, or declare `daytwo_inputs` for all that have no name of their own. {advice}"
    yield Finding(
        severity=Severity.WARNING if taken else Severity.ERROR,
        pointer=under("/with/inputs", name),
        message=f"The pipeline declares no input `{name}`",
        suggestion=advice,
        at_key=True,
    )


def _typed(one: PipelineInput, what: Given) -> Iterator[Finding]:
    pointer = under("/with/inputs", one.name)
    severity, fault, advice = Severity.ERROR, None, None
    match what:
        case Fixed(value):
            fault, advice = _fixed(one, value)
        case Answer():
            fault = _answered(one, what)
            if fault is None and what.free:
                severity = Severity.WARNING
                fault, advice = _typed_freely(one, what)
            if fault is None and one.required and not what.required:
                severity, fault = Severity.WARNING, "is required, and the form may leave it unanswered"
                advice = f"Require `{what.name}` on its page, or give it a default."
        case Words() if one.type in {InputType.BOOLEAN, InputType.NUMBER, InputType.ARRAY}:
            fault = f"takes {_NOUNS[one.type]}, and is given text that is put together"
    if fault is not None:
        message = f"The pipeline's input `{one.name}` {fault}"
        yield Finding(severity=severity, pointer=pointer, message=message, suggestion=advice, line=one.line)


def _typed_freely(one: PipelineInput, answer: Answer) -> tuple[str | None, str | None]:
    """What may go wrong when anything can be typed into a field."""
    if one.type is InputType.CHOICE or (one.type is InputType.ENVIRONMENT and one.options):
        return "takes one of its options only, and anything may be typed", f"Offer them in the form: {_options(one)}."
    if one.type is not InputType.STRING or answer.field.type != "string":
        return None, None
    if one.pattern is not None:
        return (
            f"takes only what `{one.pattern}` matches, and anything may be typed",
            f"Give the field `{answer.name}` that `pattern`.",
        )
    if one.refusing is not None:
        return (
            f"takes no text that {one.refusing.what}, and anything may be typed",
            f"Give the field `{answer.name}` a `pattern` without that, or {one.refusing.advice}.",
        )
    return None, None


def _fixed(one: PipelineInput, value: JsonValue) -> tuple[str | None, str | None]:
    if one.options and not isinstance(value, list | dict):
        if _text(value) in map(_text, one.options):
            return None, None
        return f"does not offer `{_text(value)}`", did_you_mean(
            _text(value), _words(one)
        ) or f"It offers {_options(one)}."
    if not _fits(one.type, value):
        return f"takes {_NOUNS[one.type]}, and is given {_noun(value)}", None
    if one.pattern is not None and one.type is InputType.STRING and not _matches(one.pattern, _text(value)):
        return f"takes only what `{one.pattern}` matches, and not `{_text(value)}`", None
    return None, None


def _answered(one: PipelineInput, answer: Answer) -> str | None:
    """What does not fit between a field and an input, None when they fit."""
    if answer.field.kind is not None and answer.field.type != "array":
        return f"is given a whole entity; write `inputs.{answer.name}.name`"
    many = answer.field.type == "array"
    if answer.field.type == "object" or many is not (one.type is InputType.ARRAY):
        return _mismatch(one, answer)
    offered = answer.offered
    if offered is not None and one.options:
        never = [value for value in offered if _text(value) not in map(_text, one.options)]
        return f"does not offer `{_text(never[0])}`, which the field `{answer.name}` does" if never else None
    if offered is not None and one.pattern is not None and one.type is InputType.STRING:
        never = [value for value in offered if not _matches(one.pattern, _text(value))]
        if never:
            return f"takes only what `{one.pattern}` matches, and the field `{answer.name}` offers `{_text(never[0])}`"
    if offered is not None:
        return None if all(_fits(one.type, value) for value in offered) else _mismatch(one, answer)
    fits = {
        InputType.BOOLEAN: False,
        InputType.NUMBER: answer.field.type in {"number", "integer"},
        InputType.ENVIRONMENT: answer.field.type == "string",
    }
    return None if fits.get(one.type, True) else _mismatch(one, answer)


def _mismatch(one: PipelineInput, answer: Answer) -> str:
    return f"takes {_NOUNS[one.type]}, and the field `{answer.name}` is of the type {answer.field.type}"


def _fits(wanted: InputType, value: JsonValue) -> bool:
    if wanted is InputType.ARRAY or isinstance(value, list | dict):
        return wanted is InputType.ARRAY and isinstance(value, list)
    if wanted is InputType.BOOLEAN:
        return _text(value) in {"true", "false"}
    return wanted is not InputType.NUMBER or _NUMBER.fullmatch(_text(value)) is not None


def _matches(pattern: str, text: str) -> bool:
    """Whether it fits; a pattern that RE2 does not read is left to the pipeline."""
    try:
        return matches(pattern, text)
    except re2.error:
        return True


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _words(one: PipelineInput) -> list[str]:
    return [_text(option) for option in one.options]


def _options(one: PipelineInput) -> str:
    shown = ", ".join(_words(one)[:10])
    return f"{shown} and more" if len(one.options) > 10 else shown


def _noun(value: JsonValue) -> str:
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else f"`{_text(value)}`"
