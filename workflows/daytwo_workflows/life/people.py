"""Who somebody is right now: looked up whenever it decides something, never remembered."""

from daytwo_store import belonging
from daytwo_store.engine import Session


async def belongings(session: Session, person: str | None) -> frozenset[str]:
    """A person's groups, own ref and roles (`role:operator`); nothing for a principal without an entity."""
    return (await belonging.of_person(session, person)).all if person else frozenset()
