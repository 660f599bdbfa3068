"""Approvals (A3): one pending at most per run, one decision per person, decided once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import NotFound
from daytwo_store.ids import ApprovalId, Digest, PrincipalId, RunId, new_approval_id
from daytwo_store.run_visibility import visible
from daytwo_store.states import APPROVAL_MOVES, ApprovalState, Verdict, check_move
from daytwo_store.tables import ApprovalRow, DecisionRow, EntityRow, Json, RunRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked of whom."""

    run: RunId
    digest: Digest
    document: str
    needed_from: Sequence[str]
    count: int
    expires_at: datetime
    supersedes: ApprovalId | None = None
    drift: Sequence[Json] = ()


async def ask(tx: Tx, asked: Asked) -> ApprovalRow:
    """Create the pending approval of a run."""
    row = ApprovalRow(
        id=new_approval_id(),
        run_id=asked.run,
        state=ApprovalState.PENDING,
        digest=asked.digest,
        document=asked.document,
        needed_from=list(asked.needed_from),
        count=asked.count,
        created_at=tx.now,
        expires_at=asked.expires_at,
        supersedes=asked.supersedes,
        drift=list(asked.drift),
    )
    tx.session.add(row)
    await tx.session.flush()
    tx.audit(
        actor="daytwo",
        action="approval.asked",
        subject=f"run:{asked.run}",
        facts={"approval": row.id, "digest": asked.digest, "from": ", ".join(asked.needed_from)},
    )
    tx.notify(Topic.APPROVAL, row.id)
    return row


def settle(tx: Tx, row: ApprovalRow, state: ApprovalState, *, actor: str = "daytwo") -> None:
    """Move an approval of a held run. Raises `IllegalMove`."""
    check_move(APPROVAL_MOVES, ApprovalState(row.state), state)
    row.state = state
    row.settled_at = tx.now
    tx.audit(actor=actor, action=f"approval.{state}", subject=f"run:{row.run_id}", facts={"approval": row.id})
    tx.notify(Topic.APPROVAL, row.id)
    tx.notify(Topic.RUN, row.run_id)


async def record(
    tx: Tx, row: ApprovalRow, *, principal: PrincipalId, verdict: Verdict, comment: str, group: str
) -> None:
    """Write one person's decision; the primary key lets each person decide once."""
    tx.session.add(
        DecisionRow(
            approval_id=row.id,
            principal=principal,
            verdict=verdict,
            digest=row.digest,
            comment=comment,
            group=group,
            at=tx.now,
        )
    )
    await tx.session.flush()
    tx.audit(
        actor=principal,
        action=f"decision.{verdict}",
        subject=f"run:{row.run_id}",
        facts={"approval": row.id, "digest": row.digest, "group": group},
    )


async def get(session: AsyncSession, approval: ApprovalId) -> ApprovalRow | None:
    return await session.get(ApprovalRow, approval)


async def of_run(session: AsyncSession, run: RunId) -> Sequence[ApprovalRow]:
    """Every approval that was ever asked for a run, oldest first."""
    return (
        await session.scalars(
            select(ApprovalRow).where(ApprovalRow.run_id == run).order_by(ApprovalRow.created_at, ApprovalRow.id)
        )
    ).all()


async def newest(session: AsyncSession, run: RunId) -> ApprovalRow | None:
    found: ApprovalRow | None = await session.scalar(
        select(ApprovalRow)
        .where(ApprovalRow.run_id == run)
        .order_by(ApprovalRow.created_at.desc(), ApprovalRow.id.desc())
        .limit(1)
    )
    return found


async def successor(session: AsyncSession, approval: ApprovalId) -> ApprovalRow | None:
    found: ApprovalRow | None = await session.scalar(select(ApprovalRow).where(ApprovalRow.supersedes == approval))
    return found


async def decisions(session: AsyncSession, approvals: Sequence[str]) -> Sequence[DecisionRow]:
    return (
        await session.scalars(
            select(DecisionRow).where(DecisionRow.approval_id.in_(approvals)).order_by(DecisionRow.at)
        )
    ).all()


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalFilter:
    state: ApprovalState | None
    decidable_by: PrincipalId | None  # only those that one of the groups may decide and this principal did not ask for


async def page(
    session: AsyncSession,
    wanted: ApprovalFilter,
    *,
    groups: Sequence[str],
    principal: PrincipalId,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[tuple[ApprovalRow, RunRow]]:
    """Approvals with their runs, those that expire first at the top, that the principal may see."""
    query = (
        select(ApprovalRow, RunRow)
        .join(RunRow, RunRow.id == ApprovalRow.run_id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(_visible(groups, principal))
        .order_by(ApprovalRow.expires_at, ApprovalRow.id)
        .limit(limit)
    )
    if wanted.state is not None:
        query = query.where(ApprovalRow.state == wanted.state)
    if wanted.decidable_by is not None:
        decided = select(DecisionRow.approval_id).where(DecisionRow.principal == wanted.decidable_by)
        query = query.where(
            ApprovalRow.needed_from.overlap(list(groups)),
            RunRow.requester != wanted.decidable_by,
            ApprovalRow.id.not_in(decided),
        )
    if after is not None:
        query = query.where(tuple_(ApprovalRow.expires_at, ApprovalRow.id) > tuple_(*after))
    return [(approval, run) for approval, run in await session.execute(query)]


def _visible(groups: Sequence[str], principal: PrincipalId) -> ColumnElement[bool]:
    """An approval is seen by whoever sees its run, and by those who are asked."""
    return or_(visible(groups, principal), ApprovalRow.needed_from.overlap(list(groups)))


async def get_visible(
    session: AsyncSession, approval: ApprovalId, *, groups: Sequence[str], principal: PrincipalId
) -> tuple[ApprovalRow, RunRow]:
    """Raises `NotFound`, the same for what does not exist and for what the asker may not see."""
    found = (
        await session.execute(
            select(ApprovalRow, RunRow)
            .join(RunRow, RunRow.id == ApprovalRow.run_id)
            .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
            .where(ApprovalRow.id == approval, _visible(groups, principal))
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no approval {approval}, or you may not see it. Look at your inbox.")
    return found[0], found[1]
