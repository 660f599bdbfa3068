"""Entities: look up, search, what they were before, change, remove.

Every reading function asks who is looking (`sees`), and the database filters by it: what may not be seen is the same
as what does not exist. `EVERYTHING` is for work that nobody looks at, such as a run that writes its result.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from pydantic import JsonValue
from sqlalchemy import ARRAY, Text, cast, func, insert, literal, null, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store import triggers
from daytwo_store.engine import Tx
from daytwo_store.ids import EntityRef
from daytwo_store.tables import EntityEventRow, EntityRow, Json, RelationRow

EVERYTHING: Final = "everything"
Sees = Collection[str] | Literal["everything"]  # the groups of whoever looks, as group:sre
Relations = dict[str, list[str]]  # name → refs of the targets
Session = AsyncSession  # for those who may not import SQLAlchemy

MEMBER_OF: Final = "memberOf"
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What an entity should be. `visible_to` empty: everybody who is signed in may see it."""

    kind: str
    name: str
    title: str
    owner: str | None = None
    properties: Json = field(default_factory=dict)
    relations: Relations = field(default_factory=dict)
    visible_to: tuple[str, ...] = ()

    @property
    def ref(self) -> EntityRef:
        return EntityRef(f"{self.kind}:{self.name}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity(Draft):
    """An entity as it is. `changed_by` is "file:<name>" or "run:r_…"."""

    version: int
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """`before` is None when it was made, `after` None when it was removed."""

    ref: EntityRef
    before: Entity | None
    after: Entity | None
    changed: bool


def may_see(sees: Sees) -> ColumnElement[bool]:
    """The condition on `EntityRow` that hides what somebody with these groups may not see."""
    if isinstance(sees, str):
        return literal(value=True)
    return or_(
        func.cardinality(EntityRow.visible_to) == 0, EntityRow.visible_to.op("&&")(cast(list(sees), ARRAY(Text)))
    )


async def get(session: AsyncSession, ref: str, *, sees: Sees) -> Entity | None:
    """One entity, or None when there is none that may be seen."""
    row = await session.scalar(select(EntityRow).where(EntityRow.ref == ref, may_see(sees)))
    return as_entity(row) if row else None


async def get_many(session: AsyncSession, refs: Collection[str], *, sees: Sees) -> dict[EntityRef, Entity]:
    """Those of `refs` that exist and may be seen."""
    rows = await session.scalars(select(EntityRow).where(EntityRow.ref.in_(refs), may_see(sees)))
    return {EntityRef(row.ref): as_entity(row) for row in rows}


async def hidden(session: AsyncSession, refs: Collection[str], *, sees: Sees) -> frozenset[str]:
    """Those of `refs` that exist but may not be seen: to be left out of an answer that would name them."""
    if not refs or isinstance(sees, str):
        return frozenset()
    return frozenset(await session.scalars(select(EntityRow.ref).where(EntityRow.ref.in_(refs), ~may_see(sees))))


async def referenced_by(session: AsyncSession, ref: str, *, sees: Sees, limit: int = 200) -> list[EntityRef]:
    """Entities with a relation to this one, that may be seen."""
    rows = await session.scalars(
        select(EntityRow.ref)
        .join(RelationRow, RelationRow.source == EntityRow.ref)
        .where(RelationRow.target == ref, may_see(sees))
        .distinct()
        .order_by(EntityRow.ref)
        .limit(limit)
    )
    return [EntityRef(source) for source in rows]


async def naming(session: AsyncSession, refs: Collection[str]) -> frozenset[EntityRef]:
    """Entities that have one of these as owner, in a relation or among those who see them."""
    if not refs:
        return frozenset()
    related = select(RelationRow.source).where(RelationRow.source == EntityRow.ref, RelationRow.target.in_(refs))
    seen = EntityRow.visible_to.op("&&")(cast(list(refs), ARRAY(Text)))
    rows = await session.scalars(
        select(EntityRow.ref).where(or_(EntityRow.owner.in_(refs), related.exists(), seen)).order_by(EntityRow.ref)
    )
    return frozenset(map(EntityRef, rows))


async def groups_of(session: AsyncSession, person: str) -> frozenset[str]:
    """The groups that a person is a member of, as group:sre; a group that no longer exists entitles nobody."""
    rows = await session.scalars(
        select(RelationRow.target)
        .join(EntityRow, EntityRow.ref == RelationRow.target)
        .where(RelationRow.source == person, RelationRow.name == MEMBER_OF, EntityRow.kind == "group")
    )
    return frozenset(rows)


async def is_person(session: AsyncSession, ref: str) -> bool:
    """Is there still such a person?"""
    return (
        await session.scalar(select(EntityRow.ref).where(EntityRow.ref == ref, EntityRow.kind == "person"))
    ) is not None


async def members(session: AsyncSession, group: str) -> list[Entity]:
    """The people of a group, by title."""
    rows = await session.scalars(
        select(EntityRow)
        .join(RelationRow, RelationRow.source == EntityRow.ref)
        .where(RelationRow.target == group, RelationRow.name == MEMBER_OF, EntityRow.kind == "person")
        .order_by(EntityRow.title, EntityRow.ref)
    )
    return [as_entity(row) for row in rows]


async def people_where(session: AsyncSession, where: Mapping[str, JsonValue], *, limit: int) -> list[str]:
    """Refs of the people with all these values: each is a property's, or one of a relation's refs."""
    query = select(EntityRow.ref).where(EntityRow.kind == "person").order_by(EntityRow.ref).limit(limit)
    for name, value in where.items():
        related = select(RelationRow.source).where(
            RelationRow.source == EntityRow.ref, RelationRow.name == name, RelationRow.target == str(value)
        )
        query = query.where(or_(EntityRow.properties.contains({name: value}), related.exists()))
    return list(await session.scalars(query))


async def hold(tx: Tx, ref: EntityRef) -> Entity | None:
    """The entity as it is, and nobody else writes it, or makes it, until the transaction ends.

    Whoever holds several in one transaction does so in the order of their refs, so that nobody waits in a circle.
    """
    await tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"entity {ref}", 0))))
    row = await _row(tx, ref)
    return as_entity(row) if row else None


async def upsert(tx: Tx, draft: Draft, *, by: str, actor: str = "daytwo", declared: Json | None = None) -> Change:
    """Make the entity be what the draft says, with its event and audit entry; nothing at all when it already is.

    `by` is "file:<name>" or "run:r_…", `actor` the principal behind it; `declared` is kept in the event for the next
    load of the files (see entity_files).
    """
    before = await hold(tx, draft.ref)
    if before is not None and snapshot(before) == snapshot(draft):
        return Change(ref=draft.ref, before=before, after=before, changed=False)
    row = await _row(tx, draft.ref) or EntityRow(ref=draft.ref, kind=draft.kind, name=draft.name)
    for name, value in content(draft).items():
        setattr(row, name, value)
    row.version, row.changed_at, row.changed_by = before.version + 1 if before else 1, tx.now, by
    tx.session.add(row)
    await tx.session.flush()
    await _relate(tx, draft)
    change = Change(ref=draft.ref, before=before, after=as_entity(row), changed=True)
    await _record(tx, change, by=by, actor=actor, declared=declared)
    return change


async def delete(tx: Tx, ref: EntityRef, *, by: str, actor: str = "daytwo") -> Change:
    """Remove an entity; its history stays. `changed` is false when there was none."""
    before, row = await hold(tx, ref), await _row(tx, ref)
    if row is None:
        return Change(ref=ref, before=None, after=None, changed=False)
    await tx.session.execute(sql_delete(RelationRow).where(RelationRow.source == ref))
    await tx.session.delete(row)
    await tx.session.flush()
    change = Change(ref=ref, before=before, after=None, changed=True)
    await _record(tx, change, by=by, actor=actor)
    return change


def snapshot(draft: Draft) -> str:
    """What is compared, as text: in Python `1 == True`, in JSON they differ."""
    return json.dumps(content(draft), sort_keys=True)


def content(draft: Draft) -> Json:
    """What history keeps of an entity."""
    return {
        "title": draft.title,
        "owner": draft.owner,
        "properties": draft.properties,
        "relations": {name: list(targets) for name, targets in draft.relations.items()},
        "visible_to": list(draft.visible_to),
    }


def as_record(entity: Draft) -> Json:
    """As expressions see it."""
    return {
        "ref": entity.ref,
        "name": entity.name,
        "kind": entity.kind,
        "properties": entity.properties,
        "relations": {name: list(targets) for name, targets in entity.relations.items()},
        "owner": entity.owner,
    }


def as_entity(row: EntityRow) -> Entity:
    """A row as others know it."""
    return Entity(
        kind=row.kind,
        name=row.name,
        title=row.title,
        owner=row.owner,
        properties=row.properties,
        relations=row.relations,
        visible_to=tuple(row.visible_to),
        version=row.version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


async def _row(tx: Tx, ref: EntityRef) -> EntityRow | None:
    return await tx.session.get(EntityRow, ref, populate_existing=True)


async def _relate(tx: Tx, draft: Draft) -> None:
    await tx.session.execute(sql_delete(RelationRow).where(RelationRow.source == draft.ref))
    rows = [
        {"source": draft.ref, "name": name, "target": target}
        for name, targets in draft.relations.items()
        for target in dict.fromkeys(targets)
    ]
    if rows:
        await tx.session.execute(insert(RelationRow), rows)


async def _record(tx: Tx, change: Change, *, by: str, actor: str, declared: Json | None = None) -> None:
    """The event and the audit entry of a change."""
    version = change.after.version if change.after else (change.before.version + 1 if change.before else 0)
    after = content(change.after) if change.after else None
    tx.session.add(
        EntityEventRow(
            ref=change.ref,
            version=version,
            at=tx.now,
            by=by,
            before=content(change.before) if change.before else null(),
            after=null() if after is None else {**after, "declared": declared} if declared else after,
        )
    )
    verb = "created" if change.before is None else "changed" if change.after else "removed"
    if (told := change.after or change.before) is not None:
        await triggers.entity_changed(
            tx,
            triggers.EntityChange(
                change="deleted" if verb == "removed" else verb,
                entity=as_record(told),
                before=change.before.properties if change.before else None,
                visible_to=told.visible_to,
                by=by,
                version=version,
            ),
        )
    tx.audit(
        actor=actor, action=f"entity.{verb}", subject=f"entity:{change.ref}", facts={"version": str(version), "by": by}
    )
