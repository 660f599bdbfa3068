"""Principals: who somebody is, by the issuer that vouches for it and its name for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
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
    # So long what the issuer said of their groups lets them in without being heard of again; None: it says nothing of
    # them.
    groups_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Who somebody says they are, once the issuer has vouched for it."""

    issuer: str
    subject: str
    name: str
    ref: EntityRef | None
    groups: tuple[str, ...] | None = None  # as the issuer says; None: the catalog says it
    groups_until: datetime | None = None


async def principal_for(tx: Tx, login: Login) -> Principal:
    """The principal of this issuer and subject, made at the first sign-in; name and entity follow the newest.

    Which groups they have joined and left since is in the audit.
    """
    before = await tx.session.scalar(
        select(PrincipalRow.groups)
        .where(PrincipalRow.issuer == login.issuer, PrincipalRow.subject == login.subject)
        .with_for_update()
    )
    told_at = tx.now if login.groups is not None else None
    made = insert(PrincipalRow).values(
        id=new_principal_id(),
        issuer=login.issuer,
        subject=login.subject,
        name=login.name,
        ref=login.ref,
        created_at=tx.now,
        groups=login.groups,
        groups_until=login.groups_until,
        groups_at=told_at,
    )
    row = (
        await tx.session.execute(
            made.on_conflict_do_update(
                index_elements=["issuer", "subject"],
                set_={
                    "name": login.name,
                    "ref": login.ref,
                    "groups": login.groups,
                    "groups_until": login.groups_until,
                    "groups_at": told_at,
                },
            ).returning(PrincipalRow)
        )
    ).scalar_one()
    _note(tx, row, before or (), login.groups or ())
    if login.ref is not None:
        await _forget_others(tx, login.ref, login.issuer)
    return principal_of(row)


async def _forget_others(tx: Tx, ref: EntityRef, issuer: str) -> None:
    """Who comes by one issuer is known by that one: the groups that another told of them once count no more."""
    others = await tx.session.scalars(
        select(PrincipalRow)
        .where(PrincipalRow.ref == ref, PrincipalRow.issuer != issuer, PrincipalRow.groups.is_not(None))
        .order_by(PrincipalRow.id)
        .with_for_update()
    )
    for row in others:
        _note(tx, row, row.groups or (), ())
        row.groups, row.groups_until, row.groups_at = None, None, None


async def heard(tx: Tx, who: PrincipalId, groups: Collection[str], *, until: datetime) -> None:
    """The issuer has said again which groups they are in."""
    row = await tx.session.get(PrincipalRow, who, with_for_update=True)
    if row is None:
        return
    row.groups_until, row.groups_at = until, tx.now
    _told(tx, row, groups, actor="daytwo")


async def taken_away(tx: Tx, who: PrincipalId, *, actor: str) -> None:
    """What the issuer said of their groups counts for nothing until it is heard of them again; nothing else does."""
    row = await tx.session.get(PrincipalRow, who, with_for_update=True)
    if row is not None and row.groups:
        _told(tx, row, (), actor=actor)


def _told(tx: Tx, row: PrincipalRow, groups: Collection[str], *, actor: str) -> None:
    before, row.groups = row.groups or (), sorted(frozenset(groups))
    _note(tx, row, before, row.groups, actor=actor)


def _note(tx: Tx, row: PrincipalRow, before: Collection[str], now: Collection[str], *, actor: str = "daytwo") -> None:
    for group in sorted(frozenset(now) - frozenset(before)):
        tx.audit(actor=actor, action="group.joined", subject=f"principal:{row.id}", facts={"group": group})
    for group in sorted(frozenset(before) - frozenset(now)):
        tx.audit(actor=actor, action="group.left", subject=f"principal:{row.id}", facts={"group": group})


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
        groups_until=row.groups_until if row.groups is not None else None,
    )
