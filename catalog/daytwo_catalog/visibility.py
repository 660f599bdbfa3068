"""May these groups see it? What may not be seen is answered exactly like what does not exist."""

from collections.abc import Collection, Mapping
from typing import cast

from daytwo_catalog.errors import NoSuchEntity
from daytwo_catalog.model import Draft, Entity
from daytwo_store import entities
from daytwo_store.entities import Relations, Session
from daytwo_store.tables import Json


def visible(entity: Draft, groups: Collection[str]) -> bool:
    """The same rule as `entities.may_see`, for an entity that is at hand."""
    return not entity.visible_to or not set(entity.visible_to).isdisjoint(groups)


async def see(session: Session, ref: str, groups: Collection[str]) -> Entity:
    """The entity. Raises `NoSuchEntity`, with the same words whether it is missing or hidden."""
    entity = await entities.get(session, ref, sees=groups)
    if entity is None:
        raise NoSuchEntity(ref)
    return entity


def targets(state: Json) -> set[str]:
    """What an entity's relations point at; `state` as history keeps it."""
    return {target for refs in _relations(state).values() for target in refs}


def seen_state(state: Json, hidden: Collection[str]) -> Json:
    """A state as history keeps it, for somebody who may see the entity but none of `hidden`."""
    shown = {name: state[name] for name in ("title", "owner", "properties")}
    return {**shown, "relations": {name: list(refs) for name, refs in without(_relations(state), hidden).items()}}


def _relations(state: Json) -> Mapping[str, list[str]]:
    return cast("Mapping[str, list[str]]", state["relations"])


def without(relations: Mapping[str, list[str]], hidden: Collection[str]) -> Relations:
    """The relations without the targets that may not be seen (`entities.hidden`)."""
    return {name: [target for target in targets if target not in hidden] for name, targets in relations.items()}
