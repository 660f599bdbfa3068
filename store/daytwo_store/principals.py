"""Principals by id, for showing and checking who did what."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.tables import PrincipalRow


async def by_ids(session: AsyncSession, ids: Collection[str]) -> dict[str, PrincipalRow]:
    """Those that exist, by id."""
    rows = await session.scalars(select(PrincipalRow).where(PrincipalRow.id.in_(set(ids))))
    return {row.id: row for row in rows}
