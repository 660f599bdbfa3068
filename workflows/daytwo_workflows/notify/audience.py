"""Who is meant by the audience of a notification: people, right now."""

from collections.abc import Collection

from daytwo_store import belonging, entities, on_call, principals
from daytwo_store.engine import Session
from daytwo_store.entities import EVERYTHING

_PERSON = "person:"
_GROUP = "group:"
_ROLE = "role:"


async def named(session: Session, audience: Collection[str]) -> frozenset[str]:
    """The audience as refs of groups, people and roles: ids of principals and places to look at are looked up."""
    found = {one for one in audience if one.startswith((_PERSON, _GROUP, _ROLE))}
    known = await principals.by_ids(session, [one for one in audience if one.startswith("p_")])
    found |= {row.ref for row in known.values() if row.ref is not None}
    for refs in (await on_call.names(session, audience)).values():
        found |= set(refs)
    return frozenset(found)


async def people(session: Session, refs: Collection[str]) -> list[str]:
    """Refs of the people among them: by themselves, as members, as holders of a role. In order."""
    found, groups = set(), set()
    roles = [one.removeprefix(_ROLE) for one in refs if one.startswith(_ROLE)]
    holders = [member for _, member in await belonging.holders(session, roles)] if roles else []
    for one in [*refs, *holders]:
        if one.startswith(_PERSON):
            found.add(one)
        elif one.startswith(_GROUP):
            groups.add(one)
    for group in sorted(groups):
        found |= set(await belonging.members(session, group))
    there = await entities.get_many(session, found, sees=EVERYTHING)  # who has left the catalog is told nothing
    return sorted(str(ref) for ref in there)


async def belongs(session: Session, person: str) -> frozenset[str]:
    return (await belonging.of_person(session, person)).all
