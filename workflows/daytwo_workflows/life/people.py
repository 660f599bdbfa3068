"""Who somebody is right now: looked up whenever it decides something, never remembered."""

from daytwo_store.engine import Session
from daytwo_store.entities import groups_of


async def belongings(session: Session, person: str | None) -> frozenset[str]:
    """The groups of a person, and the person's own ref; nothing for a principal without an entity."""
    return await groups_of(session, person) | {person} if person else frozenset()
