"""Runs that nobody has pressed a button for: what asked for them, in whose name, and that it asks once.

Whoever is asked for is a person, whose rights are looked up when the run is accepted. What asked is sealed in the plan,
so who approves reads it, and so are the people who wrote what is asked for: they approve it no more than who edits an
action.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.plan.model import Plan, PlannedCause
from daytwo_actions.roles import Permission, granted
from daytwo_store import principals, triggers
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Forbidden
from daytwo_store.states import RunState
from daytwo_store.tables import Json, PrincipalRow, RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.people import belongings

_SOONEST: Final = timedelta(seconds=2)
_LATEST: Final = timedelta(minutes=5)

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


def backed_off(age: timedelta) -> timedelta:
    """How long to wait before it is asked for again, when it has been due for so long and something does not answer."""
    return max(_SOONEST, min(age / 2, _LATEST))


class Unheard(Exception):
    """Nobody knows: neither yes nor no. It waits until the identity provider is heard of somebody again. Nobody outside
    is told so by an answer."""


async def requester_of(life: Life, session: Session, owner: str, principal: str | None) -> PrincipalRow:
    """In whose name something asks. Without a principal: who has signed in as this person, the newest identity of
    several. Raises `Forbidden` for an owner who may run nothing here any more, and `Unheard` for one of whom the
    identity provider has said nothing for longer than anything begins by itself on its last word."""
    who = await principals.of(session, owner, principal)
    if who is None:
        raise Forbidden(
            f"{owner} has never signed in here, so nobody knows who that is. Nothing was started. They sign in "
            "once, or somebody else becomes the owner."
        )
    if who.ref != owner or Permission.RUN not in granted(await belongings(session, who.ref)):
        raise Forbidden(f"{owner} may start nothing here any more. Nothing was started.")
    heard = await principals.heard_of(session, owner)
    if heard is not None and heard + life.unattended <= await life.store.clock.now(session):
        raise Unheard(
            f"It waits until {owner} signs in again: the identity provider, which says what groups they are in, was "
            f"last heard of them on {heard.astimezone(UTC):%d %b %Y}, more than {life.unattended.days} days ago. "
            "Somebody else who may run it can take it over."
        )
    return who


def calling(run: RunRow) -> Cause:
    """For what a run calls: whoever wrote a part of what that run does wrote what it asks for."""
    return _of_run(run, Plan.model_validate_json(run.plan).writers, triggers.depth_of(run.cause))


def handed_on(run: RunRow, *more: RunRow) -> Cause | None:
    """For what repeats, resumes or undoes a run, with its inputs or those of `more`: who wrote them for whatever asked
    then. None where people had filled them in."""
    causes = [one.cause for one in (run, *more)]
    writers = {writer for cause in map(planned, causes) if cause is not None for writer in cause.writers}
    depth = max(map(triggers.depth_of, causes))
    return _of_run(run, sorted(writers), depth) if writers or depth else None


def _of_run(run: RunRow, writers: Sequence[str], depth: int) -> Cause:
    async def take(_tx: Tx, _run: RunRow) -> None:
        """Whether it is wanted is looked at by whoever asks."""

    return Cause(
        planned=PlannedCause(kind="run", name=run.id, writers=list(writers)), facts={"depth": depth}, take=take
    )


def planned(cause: Mapping[str, JsonValue] | None) -> PlannedCause | None:
    """What stands in the plan, from what a run keeps of it."""
    if cause is None:
        return None
    return PlannedCause.model_validate({name: cause[name] for name in PlannedCause.model_fields})
