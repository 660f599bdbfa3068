"""Everybody who was ever let in, with what they could come in with right now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.tables import DelegationRow, PrincipalRow, SessionRow, TokenRow


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownPerson:
    id: str
    name: str
    ref: str | None
    issuer: str
    created_at: datetime
    sessions: int  # that are still good
    tokens: int  # likewise
    delegations: int  # by which others decide for them, those that begin later too
    used_at: datetime | None  # when one of either was used last


async def page(
    session: AsyncSession,
    *,
    now: datetime,
    idle: timedelta,
    text: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[KnownPerson]:
    """By name; `text` is in the name or the ref, `after` the (name, id) of the last one seen."""
    signed_in = (
        select(func.count())
        .where(
            SessionRow.principal == PrincipalRow.id,
            SessionRow.expires_at > now,
            SessionRow.last_used_at > now - idle,
        )
        .scalar_subquery()
    )
    tokens = (
        select(func.count())
        .where(TokenRow.principal == PrincipalRow.id, TokenRow.expires_at > now, TokenRow.revoked_at.is_(None))
        .scalar_subquery()
    )
    used = [
        select(func.max(row.last_used_at)).where(row.principal == PrincipalRow.id).scalar_subquery()
        for row in (SessionRow, TokenRow)
    ]
    lent = (
        select(func.count())
        .where(
            DelegationRow.principal == PrincipalRow.id,
            DelegationRow.ends_at > now,
            DelegationRow.revoked_at.is_(None),
        )
        .scalar_subquery()
    )
    query = (
        select(
            PrincipalRow,
            signed_in.label("sessions"),
            tokens.label("tokens"),
            lent.label("delegations"),
            func.greatest(*used).label("used"),
        )
        .order_by(PrincipalRow.name, PrincipalRow.id)
        .limit(limit)
    )
    if text:
        named = func.lower(PrincipalRow.name + " " + func.coalesce(PrincipalRow.ref, ""))
        query = query.where(func.strpos(named, text.lower()) > 0)
    if after is not None:
        query = query.where(tuple_(PrincipalRow.name, PrincipalRow.id) > tuple_(*after))
    return [
        KnownPerson(
            id=row.id,
            name=row.name,
            ref=row.ref,
            issuer=row.issuer,
            created_at=row.created_at,
            sessions=number,
            tokens=kept,
            delegations=lends,
            used_at=last,
        )
        for row, number, kept, lends, last in await session.execute(query)
    ]
