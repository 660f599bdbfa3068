"""Principals by id, for showing and checking who did what."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.tables import PrincipalRow


async def of(session: AsyncSession, person: str, principal: str | None) -> PrincipalRow | None:
    """This principal; without one who has signed in as this person, the newest identity of several."""
    if principal is not None:
        return await session.get(PrincipalRow, principal)
    query = select(PrincipalRow).where(PrincipalRow.ref == person).order_by(PrincipalRow.created_at.desc()).limit(1)
    found: PrincipalRow | None = await session.scalar(query)
    return found


async def by_ids(session: AsyncSession, ids: Collection[str]) -> dict[str, PrincipalRow]:
    """Those that exist, by id."""
    rows = await session.scalars(select(PrincipalRow).where(PrincipalRow.id.in_(set(ids))))
    return {row.id: row for row in rows}


async def heard_of(session: AsyncSession, person: str) -> datetime | None:
    """When an identity provider said last which groups this person is in; None where none says it."""
    query = select(func.max(PrincipalRow.groups_at)).where(PrincipalRow.ref == person, PrincipalRow.groups.is_not(None))
    found: datetime | None = await session.scalar(query)
    return found
