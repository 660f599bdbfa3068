"""Principals: who somebody is, by the issuer that vouches for it and its name for them."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from daytwo_store.engine import Session, Tx
from daytwo_store.ids import EntityRef, PrincipalId, new_principal_id
from daytwo_store.tables import PrincipalRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    id: PrincipalId
    issuer: str
    subject: str
    name: str
    ref: EntityRef | None  # their entity; groups are looked up there, each time


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Who somebody says they are, once the issuer has vouched for it."""

    issuer: str
    subject: str
    name: str
    ref: EntityRef | None


async def principal_for(tx: Tx, login: Login) -> Principal:
    """The principal of this issuer and subject, made at the first sign-in; name and entity follow the newest."""
    made = insert(PrincipalRow).values(
        id=new_principal_id(),
        issuer=login.issuer,
        subject=login.subject,
        name=login.name,
        ref=login.ref,
        created_at=tx.now,
    )
    row = (
        await tx.session.execute(
            made.on_conflict_do_update(
                index_elements=["issuer", "subject"], set_={"name": login.name, "ref": login.ref}
            ).returning(PrincipalRow)
        )
    ).scalar_one()
    return principal_of(row)


async def principal(session: Session, principal_id: PrincipalId) -> Principal | None:
    row = await session.get(PrincipalRow, principal_id)
    return principal_of(row) if row else None


def principal_of(row: PrincipalRow) -> Principal:
    return Principal(
        id=PrincipalId(row.id),
        issuer=row.issuer,
        subject=row.subject,
        name=row.name,
        ref=EntityRef(row.ref) if row.ref else None,
    )
