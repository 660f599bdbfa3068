"""What later steps see of earlier ones: `steps.<id>.state` and `steps.<id>.outputs`."""

from collections.abc import Iterable
from typing import Final

from pydantic import JsonValue

from daytwo_actions.expressions import Missing
from daytwo_forms.messages import sentence
from daytwo_forms.plain import validator
from daytwo_store.states import StepState
from daytwo_store.tables import StepRow

_OF_PEOPLE: Final = ("task", "input")


def seen(steps: Iterable[StepRow]) -> dict[str, JsonValue]:
    """Every declared output is there; null where the step has none, which what is sent may not name (`missing`)."""
    return {step.path: {"state": step.state, "outputs": _declared(step)} for step in steps}


def missing(steps: Iterable[StepRow]) -> Missing:
    """The declared outputs that their steps have not left. What people have left open is null, and meant so."""
    return {
        ("steps", step.path, "outputs", name): f"`{name}` is not there: {step.path} {_is(step)} and has not left it"
        for step in steps
        for name in step.results or {}
        if name not in (step.outputs or {}) and not (step.kind in _OF_PEOPLE and step.state == StepState.SUCCEEDED)
    }


def left(steps: Iterable[StepRow]) -> dict[str, JsonValue]:
    """Results that there are, by step."""
    return {step.path: dict(step.outputs) for step in steps if step.outputs}


def faults(step: StepRow) -> list[str]:
    """What of its results is not as it was declared, in sentences. An undeclared one is nobody's business."""
    found, outputs = [], step.outputs or {}
    for name, schema in (step.results or {}).items():
        if name not in outputs:
            found.append(f"`{name}` is missing")
        elif isinstance(schema, dict):
            error = next(validator(schema).iter_errors(outputs[name]), None)
            found += [sentence(error, f"`{name}`")] if error is not None else []
    return found


def _is(step: StepRow) -> str:
    return f"{'has' if step.state == StepState.FAILED else 'is'} {step.state}"


def _declared(step: StepRow) -> dict[str, JsonValue]:
    kept = step.outputs or {}
    return {name: kept.get(name) for name in step.results or {}}
