"""What later steps see of earlier ones: `steps.<id>.state` and `steps.<id>.outputs`."""

from collections.abc import Iterable

from pydantic import JsonValue

from daytwo_forms.messages import sentence
from daytwo_forms.plain import validator
from daytwo_store.tables import StepRow


def seen(steps: Iterable[StepRow]) -> dict[str, JsonValue]:
    """Every declared output is there; null where the step has none."""
    return {step.path: {"state": step.state, "outputs": _declared(step)} for step in steps}


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


def _declared(step: StepRow) -> dict[str, JsonValue]:
    kept = step.outputs or {}
    return {name: kept.get(name) for name in step.results or {}}
