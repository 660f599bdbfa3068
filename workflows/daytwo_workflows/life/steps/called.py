"""The runs that a step has called, or is to call, as its row keeps them."""

from typing import Final

from pydantic import JsonValue

from daytwo_store.tables import StepRow

CALLS: Final = frozenset({"action", "foreach"})
Item = dict[str, JsonValue]


def asked_for(step: StepRow) -> list[Item]:
    """Every run that it asks for: `key`, `entity`, `inputs`; and what is known of it: `run`, `state`, `note`."""
    calls = (step.data or {}).get("calls")
    return [dict(one) for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []
