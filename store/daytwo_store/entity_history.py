"""What entities were before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store import cursors
from daytwo_store.entities import Entity, Relations
from daytwo_store.ids import EntityRef
from daytwo_store.tables import EntityEventRow, Json


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """What `entities.content` keeps, without who may see it."""

    title: str
    owner: str | None
    properties: Json
    relations: Relations


_KEPT: Final = TypeAdapter(_Kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    items: Sequence[EntityEventRow]
    next_cursor: str | None


async def history(session: AsyncSession, ref: EntityRef, *, cursor: str | None, limit: int) -> History:
    """Changes of one entity, newest first. Whether the entity may be seen is the caller's to check.

    `after` may have a key `declared` (see entity_files), which is nobody's business outside.
    """
    changed = EntityEventRow.before.is_distinct_from(EntityEventRow.after.op("-")("declared"))
    query = select(EntityEventRow).where(EntityEventRow.ref == ref, changed).order_by(EntityEventRow.n.desc())
    if cursor is not None:
        query = query.where(EntityEventRow.n < cursors.number(cursor))
    rows = (await session.scalars(query.limit(limit + 1))).all()
    shown = rows[:limit]
    return History(items=shown, next_cursor=cursors.make(str(shown[-1].n)) if len(rows) > limit else None)


async def as_of(session: AsyncSession, entity: Entity, moment: datetime) -> Entity:
    """What an entity that is there now was then. One that was made later is as it is now. Who may see it is of now."""
    later = (
        select(EntityEventRow.before)
        .where(EntityEventRow.ref == entity.ref, EntityEventRow.at > moment)
        .order_by(EntityEventRow.n)
        .limit(1)
    )
    before = await session.scalar(later)
    if before is None:
        return entity
    kept = _KEPT.validate_python(before)
    return replace(entity, title=kept.title, owner=kept.owner, properties=kept.properties, relations=kept.relations)
