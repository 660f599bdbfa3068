"""Delegations: somebody lets another person decide for them, for a time.

They end by themselves, and at once when they are revoked. What is lent is the right that the lender has at the moment
of the decision, and only their own: what was lent to them they cannot lend on.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import ApprovalId, PrincipalId, RunId, mint
from daytwo_store.notifications import Notice, tell
from daytwo_store.said import said
from daytwo_store.tables import DelegationRow, PrincipalRow


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDelegation:
    by: PrincipalId
    to: str  # ref of a person
    approval: ApprovalId | None
    begins_at: datetime
    ends_at: datetime
    reason: str
    key: str  # Idempotency-Key


async def create(tx: Tx, new: NewDelegation, *, run: RunId | None) -> DelegationRow:
    row = DelegationRow(
        id=mint("d"),
        principal=new.by,
        delegate=new.to,
        approval_id=new.approval,
        idempotency_key=new.key,
        reason=new.reason,
        created_at=tx.now,
        begins_at=new.begins_at,
        ends_at=new.ends_at,
    )
    tx.session.add(row)
    await tx.session.flush()
    facts = {"delegation": row.id, "to": new.to, "until": new.ends_at.isoformat(), **said(new.reason)}
    if new.approval is not None and run is not None:
        facts["approval"] = new.approval
        tx.notify(Topic.APPROVAL, new.approval)
    subject = f"run:{run}" if run is not None else f"principal:{new.by}"
    tx.audit(actor=new.by, action="delegation.created", subject=subject, facts=facts)
    kind = Notice.APPROVAL_DELEGATED if new.approval is not None else Notice.DELEGATION_BEGUN
    # the lender, too: whoever has taken over their session does not lend unnoticed
    told = [new.to, new.by]
    tell(tx, kind, audience=told, run=run, approval=new.approval, facts={"delegation": row.id, "by": new.by})
    return row


async def revoke(tx: Tx, row: DelegationRow, *, actor: PrincipalId) -> None:
    """End it now. What was decided by it and has not been sent yet no longer counts."""
    row.revoked_at = tx.now
    row.revoked_by = actor
    facts = {"delegation": row.id, "to": row.delegate}
    tx.audit(actor=actor, action="delegation.revoked", subject=f"principal:{row.principal}", facts=facts)
    told = [row.delegate, row.principal]
    tell(tx, Notice.DELEGATION_ENDED, audience=told, facts={"delegation": row.id, "by": actor})
    if row.approval_id is not None:
        tx.notify(Topic.APPROVAL, row.approval_id)


async def revoke_all(tx: Tx, lender: PrincipalId, *, actor: PrincipalId) -> int:
    """End every delegation that somebody made and that is not over, those that begin later too; how many."""
    rows = (
        await tx.session.scalars(
            select(DelegationRow)
            .where(
                DelegationRow.principal == lender, DelegationRow.revoked_at.is_(None), DelegationRow.ends_at > tx.now
            )
            .order_by(DelegationRow.id)
            .with_for_update()
        )
    ).all()
    for row in rows:
        await revoke(tx, row, actor=actor)
    return len(rows)


async def with_key(session: AsyncSession, by: PrincipalId, key: str) -> DelegationRow | None:
    found: DelegationRow | None = await session.scalar(
        select(DelegationRow).where(DelegationRow.principal == by, DelegationRow.idempotency_key == key)
    )
    return found


async def hold(tx: Tx, delegation: str) -> DelegationRow | None:
    found: DelegationRow | None = await tx.session.scalar(
        select(DelegationRow).where(DelegationRow.id == delegation).with_for_update()
    )
    return found


async def by_ids(session: AsyncSession, ids: Collection[str]) -> dict[str, DelegationRow]:
    if not ids:
        return {}
    rows = await session.scalars(
        select(DelegationRow).where(DelegationRow.id.in_(ids)).execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def in_force(
    session: AsyncSession, *, refs: Collection[str], now: datetime, approval: str | None = None
) -> Sequence[tuple[DelegationRow, PrincipalRow]]:
    """Delegations of or to these people that hold now, with who delegates; oldest first.

    `approval`: besides those for everything only those for this one; None: all of them.
    """
    if not refs:
        return []
    query = (
        select(DelegationRow, PrincipalRow)
        .join(PrincipalRow, PrincipalRow.id == DelegationRow.principal)
        .where(
            or_(DelegationRow.delegate.in_(refs), PrincipalRow.ref.in_(refs)),
            DelegationRow.begins_at <= now,
            DelegationRow.ends_at > now,
            DelegationRow.revoked_at.is_(None),
        )
        .order_by(DelegationRow.created_at, DelegationRow.id)
    )
    if approval is not None:
        query = query.where(or_(DelegationRow.approval_id.is_(None), DelegationRow.approval_id == approval))
    return [(row, by) for row, by in await session.execute(query)]


async def of(
    session: AsyncSession, principal: PrincipalId, ref: str | None, *, limit: int
) -> Sequence[tuple[DelegationRow, PrincipalRow]]:
    """Those that somebody made, and those made to them, newest first."""
    rows = await session.execute(
        select(DelegationRow, PrincipalRow)
        .join(PrincipalRow, PrincipalRow.id == DelegationRow.principal)
        .where(or_(DelegationRow.principal == principal, DelegationRow.delegate == (ref or "")))
        .order_by(DelegationRow.created_at.desc(), DelegationRow.id.desc())
        .limit(limit)
    )
    return [(row, by) for row, by in rows]


async def of_approvals(session: AsyncSession, approvals: Collection[str]) -> Sequence[DelegationRow]:
    """Those of single approvals, oldest first."""
    if not approvals:
        return []
    return (
        await session.scalars(
            select(DelegationRow)
            .where(DelegationRow.approval_id.in_(approvals))
            .order_by(DelegationRow.created_at, DelegationRow.id)
        )
    ).all()
