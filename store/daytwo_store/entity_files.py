"""What the catalog files said of entities when they were loaded last, told from the history.

A run changes what a file declared (the version of a deployment), and the next start loads the same file again. So a
load needs to know what the file said before: only what has changed *in the file* is written. An event of a file keeps
it as `declared` wherever the entity came out different from it.
"""

from sqlalchemy import func, select

from daytwo_store.engine import Tx
from daytwo_store.entities import Entity, Session, content
from daytwo_store.ids import EntityRef
from daytwo_store.tables import EntityEventRow, EntityRow, Json

_BY_FILE = EntityEventRow.by.startswith("file:", autoescape=True)


async def lock_loading(tx: Tx) -> None:
    """One process loads at a time; the others wait here until it has committed."""
    await tx.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended("daytwo load of catalog files", 0)))
    )


async def last_declared(session: Session) -> dict[EntityRef, Json]:
    """By ref, what the files said last, in the shape of `entities.content`."""
    said_something = select(func.max(EntityEventRow.n)).where(_BY_FILE, EntityEventRow.after.is_not(None))
    newest = said_something.group_by(EntityEventRow.ref)
    rows = await session.scalars(select(EntityEventRow).where(EntityEventRow.n.in_(newest)))
    said: dict[EntityRef, Json] = {}
    for row in rows:
        assert row.after is not None
        declared = row.after.get("declared")
        said[EntityRef(row.ref)] = declared if isinstance(declared, dict) else row.after
    return said


async def made_by_files(session: Session) -> frozenset[EntityRef]:
    """Entities that exist and that a file made, whoever changed them since."""
    made = select(func.max(EntityEventRow.n)).where(EntityEventRow.before.is_(None)).group_by(EntityEventRow.ref)
    rows = await session.scalars(
        select(EntityEventRow.ref)
        .join(EntityRow, EntityRow.ref == EntityEventRow.ref)
        .where(EntityEventRow.n.in_(made), _BY_FILE)
    )
    return frozenset(EntityRef(ref) for ref in rows)


def remember(tx: Tx, entity: Entity, declared: Json, *, by: str) -> None:
    """The file says something else than before, and the entity is like that already (or a run's value stays)."""
    as_it_is = content(entity)
    tx.session.add(
        EntityEventRow(
            ref=entity.ref,
            version=entity.version,
            at=tx.now,
            by=by,
            before=as_it_is,
            after={**as_it_is, "declared": declared},
        )
    )
