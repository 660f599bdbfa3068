"""Kinds: which properties and relations the entities of a kind have. Defined by the user, in files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import cast

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.tables import EntityRow, Json, KindRow


@dataclass(frozen=True, slots=True)
class Relation:
    """What a relation points at, and whether at several."""

    kind: str
    many: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """`property_schema` is a JSON Schema 2020-12 of the properties; `source` is the file, as file:<name>."""

    name: str
    title: str
    property_schema: Json
    relations: Mapping[str, Relation]
    source: str


async def get(session: AsyncSession, name: str) -> Kind | None:
    row = await session.get(KindRow, name)
    return _kind(row) if row else None


async def every(session: AsyncSession) -> dict[str, Kind]:
    """All kinds by name."""
    rows: Sequence[KindRow] = (await session.scalars(select(KindRow).order_by(KindRow.name))).all()
    return {row.name: _kind(row) for row in rows}


async def put(tx: Tx, kind: Kind, *, actor: str = "daytwo") -> bool:
    """Make the kind be this; false when it already is."""
    row = await tx.session.get(KindRow, kind.name, with_for_update=True)
    if row is not None and _kind(row) == kind:
        return False
    if row is None:
        row = KindRow(name=kind.name)
        tx.session.add(row)
    row.title = kind.title
    row.property_schema = kind.property_schema
    row.relations = {name: asdict(relation) for name, relation in kind.relations.items()}
    row.source = kind.source
    tx.audit(actor=actor, action="kind.changed", subject=f"kind:{kind.name}", facts={"by": kind.source})
    return True


async def remove_unused(tx: Tx, names: Sequence[str], *, actor: str = "daytwo") -> list[str]:
    """Remove those of the kinds that no entity has; the ones removed."""
    used = select(EntityRow.kind).where(EntityRow.kind.in_(names))
    removed = list(
        await tx.session.scalars(
            delete(KindRow).where(KindRow.name.in_(names), KindRow.name.not_in(used)).returning(KindRow.name)
        )
    )
    for name in removed:
        tx.audit(actor=actor, action="kind.removed", subject=f"kind:{name}", facts={})
    return removed


def _kind(row: KindRow) -> Kind:
    declared = cast("Mapping[str, Mapping[str, object]]", row.relations)
    return Kind(
        name=row.name,
        title=row.title,
        property_schema=row.property_schema,
        relations={name: Relation(kind=str(rule["kind"]), many=bool(rule["many"])) for name, rule in declared.items()},
        source=row.source,
    )
