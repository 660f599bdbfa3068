"""Principals by id, for showing and checking who did what."""

from collections.abc import Collection

from sqlalchemy import select
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


async def in_group(session: AsyncSession, group: str) -> list[str]:
    """Refs of those of whom an identity provider has said that they are in this group."""
    rows = await session.scalars(
        select(PrincipalRow.ref).where(PrincipalRow.groups.contains([group]), PrincipalRow.ref.is_not(None))
    )
    return [ref for ref in rows if ref is not None]
