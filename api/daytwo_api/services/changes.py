"""What a run changes in the catalog, as one asker may see it.

Of an entity that may not be seen only what the run sets is shown, which its plan says anyway, and that it changes.
Who may see an entity is never shown, nor targets of relations that may not be seen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from daytwo_actions.plan.model import PlannedWrite
from daytwo_api.asker import Asker
from daytwo_api.views.actions import PlannedChange
from daytwo_catalog.visibility import seen_state, targets, without
from daytwo_catalog.write import Preview
from daytwo_store import entities
from daytwo_store.engine import Session
from daytwo_store.entities import content
from daytwo_store.tables import Json


@dataclass(frozen=True, slots=True)
class _Change:
    ref: str
    before: Json | None  # as history keeps it, with `visible_to`
    after: Json

    def states(self) -> list[Json]:
        return [state for state in (self.before, self.after) if state]


async def previewed(
    session: Session, by: Asker, changes: Sequence[Preview], writes: Sequence[PlannedWrite]
) -> list[PlannedChange]:
    """What a plan would change."""
    found = [
        _Change(change.ref, content(change.before) if change.before else None, content(change.after))
        for change in changes
    ]
    return await _seen(session, by, found, writes)


async def made(
    session: Session, by: Asker, changes: Sequence[Json], writes: Sequence[PlannedWrite]
) -> list[PlannedChange]:
    """What a run has changed: `changes` as its row keeps them."""
    found = [
        _Change(str(change["entity"]), _state(change.get("before")), _state(change.get("after")) or {})
        for change in changes
    ]
    return await _seen(session, by, found, writes)


async def _seen(
    session: Session, by: Asker, changes: Sequence[_Change], writes: Sequence[PlannedWrite]
) -> list[PlannedChange]:
    named = {change.ref for change in changes}
    for change in changes:
        named |= {target for state in change.states() for target in targets(state)}
    hidden = await entities.hidden(session, named, sees=by.belongs)
    return [
        _whole(change, hidden)
        if change.ref not in hidden and all(_open(state, by.belongs) for state in change.states())
        else _outline(change, writes, hidden)
        for change in changes
    ]


def _whole(change: _Change, hidden: Collection[str]) -> PlannedChange:
    return PlannedChange(
        entity=change.ref,
        before=seen_state(change.before, hidden) if change.before is not None else None,
        after=seen_state(change.after, hidden) if change.after else {},
    )


def _outline(change: _Change, writes: Sequence[PlannedWrite], hidden: Collection[str]) -> PlannedChange:
    """That it changes, and what is set."""
    properties: Json = {}
    relations: dict[str, list[str]] = {}
    for write in writes:
        if write.ref == change.ref:
            properties |= write.properties
            relations |= write.relations
    shown: Json = {
        "properties": properties,
        "relations": {name: list(refs) for name, refs in without(relations, hidden).items()},
    }
    return PlannedChange(entity=change.ref, before=None if change.before is None else {}, after=shown)


def _open(state: Json, belongs: Collection[str]) -> bool:
    """Was it, in this state, to be seen by somebody with these groups?"""
    visible_to = cast("list[str]", state.get("visible_to") or [])
    return not visible_to or not set(visible_to).isdisjoint(belongs)


def _state(kept: JsonValue) -> Json | None:
    return kept if isinstance(kept, dict) else None
