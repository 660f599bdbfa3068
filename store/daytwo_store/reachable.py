"""Whom entries of `from` reach right now: what people are asked for waits for them, and who looks after runs that stand
still asks the same."""

from collections.abc import Collection

from daytwo_store import belonging, entities, on_call, principals
from daytwo_store.engine import Session


async def anybody(session: Session, entries: Collection[str], *, but: Collection[str] = ()) -> bool:
    """Is there somebody besides those that may not do it? A group's people are those of the catalog, and those of whom
    an identity provider has said that they are in it; who is on call is looked up, roles by whom the policy gives them.
    """
    named = await on_call.names(session, entries)
    plain = {one for entry in entries for one in named.get(entry, [entry])}
    roles = [entry.removeprefix("role:") for entry in plain if entry.startswith("role:")]
    plain |= {member for _, member in await belonging.holders(session, roles)} if roles else set()
    return belonging.EVERYONE in plain or bool(await _persons(session, plain) - set(but))


async def _persons(session: Session, entries: Collection[str]) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        if entry.startswith("group:"):
            found |= {person.ref for person in await entities.members(session, entry)}
            found |= set(await principals.in_group(session, entry))
        elif entry.startswith("person:") and await entities.get(session, entry, sees=entities.EVERYTHING) is not None:
            found.add(entry)
    return found
