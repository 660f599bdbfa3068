"""Principals and their sessions. Secrets never come here, only their hashes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from daytwo_store.engine import Session, Tx
from daytwo_store.ids import EntityRef, PrincipalId, new_principal_id
from daytwo_store.tables import PrincipalRow, SessionRow


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


async def open_session(tx: Tx, principal: PrincipalId, *, secret_hash: str, life: timedelta) -> datetime:
    """Remember a session; when it expires. Forgets those that have."""
    await tx.session.execute(delete(SessionRow).where(SessionRow.expires_at <= tx.now))
    expires = tx.now + life
    tx.session.add(SessionRow(hash=secret_hash, principal=principal, created_at=tx.now, expires_at=expires))
    tx.audit(actor=principal, action="session.opened", subject=f"principal:{principal}", facts={})
    return expires


async def by_session(session: Session, secret_hash: str, *, now: datetime) -> Principal | None:
    """Whose session this is, unless it has expired."""
    row = await session.scalar(
        select(PrincipalRow)
        .join(SessionRow, SessionRow.principal == PrincipalRow.id)
        .where(SessionRow.hash == secret_hash, SessionRow.expires_at > now)
    )
    return principal_of(row) if row else None


async def close_session(tx: Tx, secret_hash: str) -> None:
    """Sign out. Nothing happens when there is no such session."""
    principal = await tx.session.scalar(
        delete(SessionRow).where(SessionRow.hash == secret_hash).returning(SessionRow.principal)
    )
    if principal is not None:
        tx.audit(actor=principal, action="session.closed", subject=f"principal:{principal}", facts={})


def principal_of(row: PrincipalRow) -> Principal:
    return Principal(
        id=PrincipalId(row.id),
        issuer=row.issuer,
        subject=row.subject,
        name=row.name,
        ref=EntityRef(row.ref) if row.ref else None,
    )
