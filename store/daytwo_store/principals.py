"""Principals: one row per (issuer, subject), made when somebody is first seen."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.ids import new_principal_id
from daytwo_store.tables import PrincipalRow


async def ensure(tx: Tx, *, issuer: str, subject: str, name: str, ref: str | None) -> PrincipalRow:
    """The principal with this identity; name and catalog entity are brought up to date."""
    made = insert(PrincipalRow).values(
        id=new_principal_id(), issuer=issuer, subject=subject, name=name, ref=ref, created_at=tx.now
    )
    row: PrincipalRow = (
        await tx.session.execute(
            made.on_conflict_do_update(
                index_elements=["issuer", "subject"], set_={"name": name, "ref": ref}
            ).returning(PrincipalRow),
            execution_options={"populate_existing": True},
        )
    ).scalar_one()
    return row


async def by_ids(session: AsyncSession, ids: Collection[str]) -> dict[str, PrincipalRow]:
    """Those that exist, by id."""
    rows = await session.scalars(select(PrincipalRow).where(PrincipalRow.id.in_(set(ids))))
    return {row.id: row for row in rows}
