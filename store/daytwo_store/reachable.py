"""Whom entries of `from` reach right now: what people are asked for waits for them, and who looks after runs that stand
still asks the same."""

from collections.abc import Collection

from daytwo_store import belonging, entities, on_call
from daytwo_store.engine import Session


async def anybody(session: Session, entries: Collection[str], *, but: Collection[str] = ()) -> bool:
    """Is there somebody besides those that may not do it?"""
    return besides(await reached(session, entries), but)


def besides(people: Collection[str], but: Collection[str]) -> bool:
    return belonging.EVERYONE in people or not set(people) <= set(but)


async def reached(session: Session, entries: Collection[str]) -> frozenset[str]:
    """By their refs, else their principals. Who is on call is looked up, and roles by whom the policy gives them."""
    named = await on_call.names(session, entries)
    plain = {one for entry in entries for one in named.get(entry, [entry])}
    roles = [entry.removeprefix("role:") for entry in plain if entry.startswith("role:")]
    plain |= {member for _, member in await belonging.holders(session, roles)} if roles else set()
    return frozenset(await _persons(session, plain) | (plain & {belonging.EVERYONE}))


async def _persons(session: Session, entries: Collection[str]) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        if entry.startswith("group:"):
            found |= set(await belonging.members(session, entry))
        elif entry.startswith("person:") and await entities.get(session, entry, sees=entities.EVERYTHING) is not None:
            found.add(entry)
    return found
