"""Who is on call: looked up when it decides something.

A stage may be asked of whoever a property or relation of an entity names. What is asked then is not a person but the
place to look: `on-call:properties.on_call@service:shop`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store import entities
from daytwo_store.entities import EVERYTHING, Entity
from daytwo_store.tables import ApprovalRow, TaskRow

PREFIX: Final = "on-call:"
SOMEBODY: Final = "on-call"  # such an entry to who may not see its entity


@dataclass(frozen=True, slots=True)
class Place:
    section: str  # properties or relations
    path: tuple[str, ...]
    entity: str

    def __str__(self) -> str:
        return f"{PREFIX}{'.'.join((self.section, *self.path))}@{self.entity}"


def place_of(entry: str) -> Place | None:
    """From an entry of `needed_from`; None for a group, a person or a role."""
    if not entry.startswith(PREFIX):
        return None
    path, _, entity = entry.removeprefix(PREFIX).partition("@")
    section, *names = path.split(".")
    return Place(section, tuple(names), entity)


def called(entry: str) -> str:
    """An entry of `needed_from` in words: 'group:sre', 'whoever is on call'. Not for what: not everybody who reads it
    may see that entity."""
    return "whoever is on call" if entry == SOMEBODY or place_of(entry) is not None else entry


async def held_by(session: AsyncSession, belongs: Collection[str], entries: Collection[str]) -> frozenset[str]:
    """Those of the entries that name, right now, somebody with these groups and this ref."""
    places = {entry: place for entry in entries if (place := place_of(entry)) is not None}
    if not places:
        return frozenset()
    found = await entities.get_many(session, {place.entity for place in places.values()}, sees=EVERYTHING)
    known = {str(ref): entity for ref, entity in found.items()}
    return frozenset(
        entry
        for entry, place in places.items()
        if (entity := known.get(place.entity)) is not None and not set(named(entity, place)).isdisjoint(belongs)
    )


async def names(session: AsyncSession, entries: Collection[str]) -> dict[str, list[str]]:
    """Whom each entry names right now."""
    places = {entry: place for entry in entries if (place := place_of(entry)) is not None}
    if not places:
        return {}
    found = await entities.get_many(session, {place.entity for place in places.values()}, sees=EVERYTHING)
    known = {str(ref): entity for ref, entity in found.items()}
    return {
        entry: list(named(known[place.entity], place)) if place.entity in known else []
        for entry, place in places.items()
    }


async def asked_for(session: AsyncSession) -> frozenset[str]:
    """Every entry that a pending approval, or an open task, waits for."""
    rows = await session.scalars(
        select(ApprovalRow.needed_from)
        .where(ApprovalRow.state == "pending", ApprovalRow.looks_up)
        .union(select(TaskRow.needed_from).where(TaskRow.state == "open", TaskRow.looks_up))
    )
    return frozenset(entry for needed in rows for entry in needed if entry.startswith(PREFIX))


def named(entity: Entity, place: Place) -> Iterator[str]:
    """Refs of people and groups at this place of an entity."""
    value: object = entity.properties if place.section == "properties" else entity.relations
    for name in place.path:
        value = value.get(name) if isinstance(value, dict) else None
    yield from _texts(value)  # type: ignore[arg-type] # the catalog holds plain JSON


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
