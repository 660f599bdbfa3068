"""Sessions of the page: they end in time, when nobody uses them, and when somebody ends them. Only hashes come here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, select, update

from daytwo_store.engine import Session, Store, Tx
from daytwo_store.identity import Principal, principal_of
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import PrincipalRow, SessionRow

_NOTE_USE_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenSession:
    hash: str
    principal: Principal
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


async def open_session(
    tx: Tx, principal: PrincipalId, *, secret_hash: str, life: timedelta, refresh: bytes | None = None
) -> datetime:
    """Remember a session; when it expires. Forgets those that have. `refresh` is encrypted by whoever calls."""
    await tx.session.execute(delete(SessionRow).where(SessionRow.expires_at <= tx.now))
    expires = tx.now + life
    row = SessionRow(
        hash=secret_hash,
        principal=principal,
        created_at=tx.now,
        last_used_at=tx.now,
        expires_at=expires,
        refresh=refresh,
        checked_at=tx.now if refresh is not None else None,
    )
    tx.session.add(row)
    tx.audit(actor=principal, action="session.opened", subject=f"principal:{principal}", facts={})
    return expires


async def by_secret(session: Session, secret_hash: str, *, now: datetime, idle: timedelta) -> OpenSession | None:
    """The session with this secret, unless it has expired or was not used for `idle`."""
    found = (
        await session.execute(
            select(SessionRow, PrincipalRow)
            .join(PrincipalRow, PrincipalRow.id == SessionRow.principal)
            .where(SessionRow.hash == secret_hash, _good(now, idle))
        )
    ).one_or_none()
    return _open(found[0], principal_of(found[1])) if found else None


async def of_principal(session: Session, owner: PrincipalId, *, now: datetime, idle: timedelta) -> list[OpenSession]:
    """Those that are still good, newest first."""
    rows = await session.execute(
        select(SessionRow, PrincipalRow)
        .join(PrincipalRow, PrincipalRow.id == SessionRow.principal)
        .where(SessionRow.principal == owner, _good(now, idle))
        .order_by(SessionRow.created_at.desc(), SessionRow.hash)
    )
    return [_open(row, principal_of(principal)) for row, principal in rows]


async def note_use(store: Store, used: OpenSession, *, now: datetime) -> None:
    """Write down that it was used, at most once a minute."""
    if used.last_used_at > now - _NOTE_USE_EVERY:
        return
    async with store.write() as tx:
        await tx.session.execute(
            update(SessionRow)
            .where(SessionRow.hash == used.hash, SessionRow.last_used_at <= now - _NOTE_USE_EVERY)
            .values(last_used_at=now)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A session whose person has to be asked about again."""

    hash: str
    principal: Principal
    expires_at: datetime
    refresh: bytes


async def take_due(tx: Tx, *, every: timedelta, limit: int) -> list[Due]:
    """Sessions that were not asked about for `every`; nobody else gets them for as long, whatever becomes of us."""
    rows = (
        await tx.session.execute(
            select(SessionRow, PrincipalRow)
            .join(PrincipalRow, PrincipalRow.id == SessionRow.principal)
            .where(
                SessionRow.refresh.is_not(None), SessionRow.checked_at <= tx.now - every, SessionRow.expires_at > tx.now
            )
            .order_by(SessionRow.checked_at)
            .limit(limit)
            .with_for_update(of=SessionRow, skip_locked=True)
        )
    ).all()
    due = []
    for row, principal in rows:
        row.checked_at = tx.now
        assert row.refresh is not None
        due.append(
            Due(hash=row.hash, principal=principal_of(principal), expires_at=row.expires_at, refresh=row.refresh)
        )
    return due


async def renewed(tx: Tx, secret_hash: str, refresh: bytes) -> None:
    """What the provider is asked with the next time."""
    await tx.session.execute(update(SessionRow).where(SessionRow.hash == secret_hash).values(refresh=refresh))


async def close(tx: Tx, secret_hash: str) -> None:
    """Sign out. Nothing happens when there is no such session."""
    principal = await tx.session.scalar(
        delete(SessionRow).where(SessionRow.hash == secret_hash).returning(SessionRow.principal)
    )
    if principal is not None:
        tx.audit(actor=principal, action="session.closed", subject=f"principal:{principal}", facts={})


async def close_all(tx: Tx, owner: PrincipalId, *, actor: PrincipalId) -> int:
    """Sign somebody out everywhere; how many sessions ended."""
    closed: Sequence[str] = (
        await tx.session.scalars(delete(SessionRow).where(SessionRow.principal == owner).returning(SessionRow.hash))
    ).all()
    if closed:
        facts = {"sessions": str(len(closed))}
        tx.audit(actor=actor, action="session.closed_all", subject=f"principal:{owner}", facts=facts)
    return len(closed)


def _good(now: datetime, idle: timedelta) -> ColumnElement[bool]:
    return and_(SessionRow.expires_at > now, SessionRow.last_used_at > now - idle)


def _open(row: SessionRow, principal: Principal) -> OpenSession:
    return OpenSession(
        hash=row.hash,
        principal=principal,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
    )
