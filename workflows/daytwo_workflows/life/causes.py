"""Runs that nobody has pressed a button for: what asked for them, in whose name, and that it asks once.

Whoever is asked for is a person, whose rights are looked up when the run is accepted. What asked is sealed in the plan,
so who approves reads it, and so are the people who wrote what is asked for: they approve it no more than who edits an
action.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_actions.plan.model import PlannedCause
from daytwo_store.engine import Tx
from daytwo_store.tables import Json, RunRow

Take = Callable[[Tx, RunRow], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """`take` is called in the transaction that accepts the run; it raises `Conflict` when the run is wanted no more."""

    planned: PlannedCause
    facts: Mapping[str, JsonValue]  # kept with the run, beside what is planned
    take: Take

    def as_json(self) -> Json:
        return {**self.facts, **self.planned.model_dump(mode="json")}


def planned(cause: Mapping[str, JsonValue] | None) -> PlannedCause | None:
    """What stands in the plan, from what a run keeps of it."""
    if cause is None:
        return None
    return PlannedCause.model_validate({name: cause[name] for name in PlannedCause.model_fields})
