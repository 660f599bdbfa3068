"""One expression of a definition, worked out with what is known of a run."""

from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, ExpressionError, Template
from daytwo_actions.plan.facts import Facts
from daytwo_actions.plan.step_program import StepProgram
from daytwo_store.errors import Rejected


def evaluated(evaluator: Evaluator, template: Template, facts: Facts, where: str) -> JsonValue:
    """Raises `Rejected`: nothing is started."""
    try:
        return evaluator.evaluate(template, facts.context)
    except ExpressionError as error:
        raise Rejected(f"{where} cannot be worked out: {error.detail} Nothing was started.") from error


def holds(step: StepProgram, evaluator: Evaluator, facts: Facts) -> bool:
    """Is the step's `if` true? Raises `Rejected`."""
    if step.condition is None:
        return True
    return truth(evaluated(evaluator, step.condition, facts, f"the `if` of step {step.path}"), step.path)


def truth(value: JsonValue, path: str) -> bool:
    """Raises `Rejected`: what is neither true nor false neither runs a step nor skips it."""
    if not isinstance(value, bool):
        raise Rejected(
            f"The `if` of step {path} came out as {'nothing' if value is None else type(value).__name__}, and true or "
            "false is needed. Nothing was started. Look at the action's definition."
        )
    return value
