"""Working out the steps of a plan: what is known now, and what stands in it as it is written."""

from typing import Any

from daytwo_actions.definitions.steps.action import CallStep
from daytwo_actions.definitions.steps.foreach import ForeachStep
from daytwo_actions.definitions.steps.http import HttpStep
from daytwo_actions.expressions import Evaluator, Template
from daytwo_actions.plan.evaluating import evaluated, holds
from daytwo_actions.plan.facts import Facts
from daytwo_actions.plan.sealed_targets import SEALED, sealed_items
from daytwo_actions.plan.step_program import INPUT as INPUT
from daytwo_actions.plan.step_program import StepProgram
from daytwo_actions.plan.steps import PlannedKind, PlannedRetry
from daytwo_forms.plain import plain_schema
from daytwo_store.errors import Rejected


def planned_kind(step: StepProgram, evaluator: Evaluator, facts: Facts) -> PlannedKind:
    """A step that is not a dispatch. Raises `Rejected`."""
    given = {
        key: evaluated(evaluator, template, facts, f"{key} of step {step.path}") for key, template in step.early.items()
    }
    if isinstance(step.step, CallStep):
        given["version"] = _version(step.step, step.step.call.action, facts)
    shared = common(step, evaluator, facts)
    if isinstance(step.step, ForeachStep):
        if step.step.with_.check is not None:
            given["check_version"] = _version(step.step, step.step.with_.check.action, facts)
        if step.step.with_.targets is not None:
            given[SEALED] = [*sealed_items(step, facts)]
            shared["late"] = {key: text for key, text in step.late.items() if key not in ("entity", "inputs")}
    return PlannedKind(**shared, given=given)


def _version(step: CallStep, name: str, facts: Facts) -> str:
    if name not in facts.called:
        raise Rejected(
            f"Step {step.id} calls the action {name}, and there is none. Nothing was started. It may have been renamed "
            "or removed; look at the action's definition."
        )
    return facts.called[name]


def common(step: StepProgram, evaluator: Evaluator, facts: Facts) -> dict[str, Any]:
    """What every kind has in a plan. Raises `Rejected`."""
    model = step.step
    known = step.knows
    return {
        "path": step.path,
        "uses": step.uses,
        "timeout": int(model.limit.total_seconds()),
        "needs": model.needs,
        "runs": not known or holds(step, evaluator, facts),
        "when": None if known else str(model.if_),
        "late": dict(step.late),
        "outputs": {name: plain_schema(value) for name, value in model.leaves.items()},
        "retry": PlannedRetry(attempts=model.retry.attempts, wait=int(model.retry.wait.total_seconds()))
        if model.retry
        else None,
        "effect": model.effect or (model.does if isinstance(model, HttpStep) else None),
        "on_error": model.on_error,
        "protected": getattr(model, "protected", False),
    }


def text_of(evaluator: Evaluator, template: Template, facts: Facts, where: str) -> str:
    value = evaluated(evaluator, template, facts, where)
    if not isinstance(value, str) or not value.strip():
        raise Rejected(
            f"{where} came out as {'nothing' if value in (None, '') else type(value).__name__}, and text is needed. "
            "Nothing was started. Look at the entity in the catalog, or at the action's definition."
        )
    return value
