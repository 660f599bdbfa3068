"""API tokens: a token acts for its owner, with the owner's groups of that moment and at most its own scopes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select, tuple_, update

from daytwo_store.engine import Session, Store, Tx
from daytwo_store.identity import Principal, principal_of
from daytwo_store.ids import PrincipalId, TokenId, new_token_id
from daytwo_store.tables import PrincipalRow, TokenRow

_NOTE_USE_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    id: TokenId
    owner: Principal
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewToken:
    secret_hash: str
    name: str
    scopes: Sequence[str]
    life: timedelta


async def create(tx: Tx, owner: Principal, new: NewToken) -> Token:
    row = TokenRow(
        id=new_token_id(),
        hash=new.secret_hash,
        principal=owner.id,
        name=new.name,
        scopes=list(new.scopes),
        created_at=tx.now,
        expires_at=tx.now + new.life,
        last_used_at=None,
        revoked_at=None,
    )
    tx.session.add(row)
    await tx.session.flush()
    facts = {"scopes": " ".join(new.scopes), "expires": row.expires_at.isoformat()}
    tx.audit(actor=owner.id, action="token.created", subject=f"token:{row.id}", facts=facts)
    return _token(row, owner)


async def by_secret(session: Session, secret_hash: str, *, now: datetime) -> Token | None:
    """The token with this secret, unless it has expired or was revoked."""
    found = (
        await session.execute(
            select(TokenRow, PrincipalRow)
            .join(PrincipalRow, PrincipalRow.id == TokenRow.principal)
            .where(TokenRow.hash == secret_hash, TokenRow.expires_at > now, TokenRow.revoked_at.is_(None))
        )
    ).one_or_none()
    return _token(found[0], principal_of(found[1])) if found else None


async def of_owner(session: Session, owner: PrincipalId) -> list[Token]:
    """All tokens of a principal, newest first, those that are no longer good too."""
    rows = await session.execute(
        select(TokenRow, PrincipalRow)
        .join(PrincipalRow, PrincipalRow.id == TokenRow.principal)
        .where(TokenRow.principal == owner)
        .order_by(TokenRow.created_at.desc(), TokenRow.id.desc())
    )
    return [_token(row, principal_of(principal)) for row, principal in rows]


async def page(session: Session, *, before: tuple[datetime, str] | None, limit: int) -> list[Token]:
    """Everybody's tokens, newest first, those that are no longer good too."""
    query = select(TokenRow, PrincipalRow).join(PrincipalRow, PrincipalRow.id == TokenRow.principal)
    if before is not None:
        query = query.where(tuple_(TokenRow.created_at, TokenRow.id) < tuple_(*before))
    rows = await session.execute(query.order_by(TokenRow.created_at.desc(), TokenRow.id.desc()).limit(limit))
    return [_token(row, principal_of(principal)) for row, principal in rows]


async def note_use(store: Store, token: Token, *, now: datetime) -> None:
    """Write down that it was used, at most once a minute."""
    if token.last_used_at is not None and token.last_used_at > now - _NOTE_USE_EVERY:
        return
    async with store.write() as tx:
        await tx.session.execute(
            update(TokenRow)
            .where(
                TokenRow.id == token.id,
                or_(TokenRow.last_used_at.is_(None), TokenRow.last_used_at <= now - _NOTE_USE_EVERY),
            )
            .values(last_used_at=now)
        )


async def revoke(tx: Tx, token: str, *, owner: PrincipalId | None, actor: PrincipalId) -> bool:
    """End a token for good; `owner` None: whosever it is. False when there is none that is still good."""
    query = update(TokenRow).where(TokenRow.id == token, TokenRow.revoked_at.is_(None))
    if owner is not None:
        query = query.where(TokenRow.principal == owner)
    revoked = await tx.session.scalar(query.values(revoked_at=tx.now).returning(TokenRow.id))
    if revoked is None:
        return False
    tx.audit(actor=actor, action="token.revoked", subject=f"token:{revoked}", facts={})
    return True


async def revoke_all(tx: Tx, owner: PrincipalId, *, actor: PrincipalId) -> int:
    """End every token of somebody for good; how many were still good."""
    query = update(TokenRow).where(
        TokenRow.principal == owner, TokenRow.revoked_at.is_(None), TokenRow.expires_at > tx.now
    )
    revoked = list(await tx.session.scalars(query.values(revoked_at=tx.now).returning(TokenRow.id)))
    for token in revoked:
        tx.audit(actor=actor, action="token.revoked", subject=f"token:{token}", facts={})
    return len(revoked)


def _token(row: TokenRow, owner: Principal) -> Token:
    return Token(
        id=TokenId(row.id),
        owner=owner,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
