"""Who belongs to which group. Looked up for each request and each decision: a membership may end at any time."""

from collections.abc import Collection

from daytwo_catalog.model import Entity
from daytwo_store import entities
from daytwo_store.entities import Session
from daytwo_store.ids import EntityRef


async def groups_of(session: Session, person: EntityRef | None) -> frozenset[str]:
    """Refs of the person's groups, as group:sre; none for somebody without an entity."""
    return frozenset() if person is None else await entities.groups_of(session, person)


async def members(session: Session, group: str) -> list[Entity]:
    return await entities.members(session, group)


async def people(session: Session, groups: Collection[str]) -> dict[EntityRef, Entity]:
    """Everybody who is in at least one of the groups."""
    return {EntityRef(person.ref): person for group in groups for person in await entities.members(session, group)}
