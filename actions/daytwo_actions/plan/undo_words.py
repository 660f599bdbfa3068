"""What a plan says about taking back what its steps do, in sentences."""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import Planned, PlannedStep

_WHEN: Final[Mapping[str, str]] = {
    "stop": "When it fails or is cancelled, what its steps have done stays; it can be undone on demand.",
    "undo": "When it fails or is cancelled, what its steps have done is undone, the last first.",
    "ask": "When it fails or is cancelled, somebody says whether what its steps have done is undone.",
}


def undo_words(plan: Plan) -> list[str]:
    """Nothing where no step says how it is undone."""
    if not plan.undo:
        return []
    stays = [f"Cannot be undone: {', '.join(plan.stays)}."] if plan.stays else []
    return [_WHEN[plan.on_error], *(_by(one) for one in plan.undo), *stays]


def _by(planned: Planned) -> str:
    return f"{planned.path.removesuffix('.undo')} is undone by {_what(planned)}."


def _what(planned: Planned) -> str:
    if isinstance(planned, PlannedStep):
        return f"{planned.pipeline or planned.project} on {planned.uses}"
    if planned.kind == "http":
        return f"{planned.given.get('method')} to {planned.given.get('service')}"
    return f"writing {_entity(planned.given.get('upsert'))}"


def _entity(upsert: JsonValue) -> str:
    return f"{upsert.get('kind')}:{upsert.get('name')}" if isinstance(upsert, dict) else "into the catalog"
