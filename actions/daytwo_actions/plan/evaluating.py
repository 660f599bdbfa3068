"""One expression of a definition, worked out with what is known of a run."""

from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, ExpressionError, Template
from daytwo_actions.plan.facts import Facts
from daytwo_store.errors import Rejected


def evaluated(evaluator: Evaluator, template: Template, facts: Facts, where: str) -> JsonValue:
    """Raises `Rejected`: nothing is started."""
    try:
        return evaluator.evaluate(template, facts.context)
    except ExpressionError as error:
        raise Rejected(f"{where} cannot be worked out: {error.detail} Nothing was started.") from error
