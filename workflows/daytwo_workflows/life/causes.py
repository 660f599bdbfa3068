"""Runs that nobody has pressed a button for: what asked for them, in whose name, and that it asks once.

Whoever is asked for is a person, whose rights are looked up when the run is accepted. What asked is sealed in the plan,
so who approves reads it, and so are the people who wrote what is asked for: they approve it no more than who edits an
action.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from daytwo_actions.plan.model import PlannedCause
from daytwo_actions.roles import Permission, granted
from daytwo_store import principals
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Forbidden
from daytwo_store.states import RunState
from daytwo_store.tables import Json, PrincipalRow, RunRow
from daytwo_workflows.life.people import belongings

Take = Callable[[Tx, RunRow], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """`take` is called in the transaction that accepts the run; it raises `Conflict` when the run is wanted no more."""

    planned: PlannedCause
    facts: Mapping[str, JsonValue]  # kept with the run, beside what is planned
    take: Take

    def as_json(self) -> Json:
        return {**self.facts, **self.planned.model_dump(mode="json")}


# Ends of runs that say that it does not go well. What a person has stopped, or a newer run replaced, says nothing.
BAD_ENDS: Final = frozenset({RunState.FAILED, RunState.REFUSED, RunState.EXPIRED, RunState.REJECTED})


async def requester_of(session: Session, owner: str, principal: str | None) -> PrincipalRow:
    """In whose name something asks. Without a principal: who has signed in as this person, the newest identity of
    several. Raises `Forbidden` for an owner who may run nothing here any more."""
    who = await principals.of(session, owner, principal)
    if who is None:
        raise Forbidden(
            f"{owner} has never signed in here, so nobody knows who that is. Nothing was started. They sign in "
            "once, or somebody else becomes the owner."
        )
    if who.ref != owner or Permission.RUN not in granted(await belongings(session, who.ref)):
        raise Forbidden(f"{owner} may start nothing here any more. Nothing was started.")
    return who


def planned(cause: Mapping[str, JsonValue] | None) -> PlannedCause | None:
    """What stands in the plan, from what a run keeps of it."""
    if cause is None:
        return None
    return PlannedCause.model_validate({name: cause[name] for name in PlannedCause.model_fields})
