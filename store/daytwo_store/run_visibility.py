"""Who may see a run: whoever may see its entity and its action, and who asked for it.

When the entity has left the catalog, what it was when the run was accepted counts (kept on the run), and what it was
when it was removed (kept in its history): what was hidden stays hidden.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, and_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.action_visibility import shown
from daytwo_store.entities import may_see
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import EntityEventRow, EntityRow, RunRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Onlooker:
    """Somebody who looks: their groups with their own ref, and who they are."""

    belongs: frozenset[str]
    principal: PrincipalId


def visible(groups: Collection[str], principal: PrincipalId) -> ColumnElement[bool]:
    """The condition on `RunRow`, outer-joined with `EntityRow` by its entity."""
    there = and_(EntityRow.ref.is_not(None), may_see(groups))
    gone = and_(EntityRow.ref.is_(None), _kept(groups), _at_removal(groups))
    return or_(RunRow.requester == principal, and_(or_(RunRow.entity.is_(None), there, gone), shown(groups)))


async def among(session: AsyncSession, runs: Collection[str | None], by: Onlooker) -> frozenset[str]:
    """Those of the runs that may be seen; the others are not named to this onlooker."""
    named = [run for run in runs if run is not None]
    if not named:
        return frozenset()
    query = select(RunRow.id).join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
    return frozenset(await session.scalars(query.where(RunRow.id.in_(named), visible(by.belongs, by.principal))))


async def kept_from(session: AsyncSession, run: RunRow) -> list[frozenset[str]]:
    """Of an entity that has left the catalog: whoever reads about the run has to be in each of these, as `visible` has
    it. None: everybody may."""
    last = await session.scalar(
        select(EntityEventRow.before).where(EntityEventRow.ref == run.entity).order_by(EntityEventRow.n.desc()).limit(1)
    )
    named: object = last.get("visible_to") if last is not None else None
    at_removal = frozenset(str(one) for one in named) if isinstance(named, list) else frozenset[str]()
    return [one for one in (frozenset(run.visible_to), at_removal) if one]


def _kept(groups: Collection[str]) -> ColumnElement[bool]:
    return or_(func.cardinality(RunRow.visible_to) == 0, RunRow.visible_to.op("&&")(_texts(groups)))


def _at_removal(groups: Collection[str]) -> ColumnElement[bool]:
    last = (
        select(EntityEventRow.before["visible_to"])
        .where(EntityEventRow.ref == RunRow.entity)
        .order_by(EntityEventRow.n.desc())
        .limit(1)
        .correlate(RunRow)
        .scalar_subquery()
    )
    return or_(last.is_(None), func.jsonb_array_length(last) == 0, last.op("?|")(_texts(groups)))


def _texts(groups: Collection[str]) -> ColumnElement[Sequence[str]]:
    return cast(list(groups), ARRAY(Text))
