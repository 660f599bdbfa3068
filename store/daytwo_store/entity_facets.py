"""How many entities there are of what, among those that fit a search and may be seen: counted by the database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from daytwo_store.entities import Sees
from daytwo_store.entity_search import Search, narrowed, no_such_target
from daytwo_store.tables import EntityRow

_MOST: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Facets:
    """Of each what there would be if one chose it: the search without its own kind, or its own owner."""

    total: int
    kinds: Mapping[str, int]  # the most first
    owners: Mapping[str, int]


async def facets(session: AsyncSession, wanted: Search, *, sees: Sees) -> Facets:
    if await no_such_target(session, wanted, sees=sees):
        return Facets(total=0, kinds={}, owners={})
    total = select(func.count()).select_from(EntityRow).where(*narrowed(wanted, sees=sees))
    return Facets(
        total=await session.scalar(total) or 0,
        kinds=await _by(session, EntityRow.kind, replace(wanted, kind=None), sees),
        owners=await _by(session, EntityRow.owner, replace(wanted, owner=None), sees),
    )


async def _by(
    session: AsyncSession,
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    wanted: Search,
    sees: Sees,
) -> dict[str, int]:
    number = func.count()
    query = (
        select(column, number)
        .where(column.is_not(None), *narrowed(wanted, sees=sees))
        .group_by(column)
        .order_by(number.desc(), column)
        .limit(_MOST)
    )
    return {str(name): found for name, found in await session.execute(query)}
