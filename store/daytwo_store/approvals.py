"""Approvals (A3): one pending at most per run, one decision per person, decided once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import and_, func, not_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import NotFound
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import ApprovalId, Digest, PrincipalId, RunId, new_approval_id
from daytwo_store.run_visibility import visible
from daytwo_store.states import APPROVAL_MOVES, ApprovalState, Verdict, check_move
from daytwo_store.tables import ApprovalRow, DecisionRow, EntityRow, Json, RunRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One that opens when the stage before it is approved."""

    needed_from: Sequence[str]
    count: int
    expires_in: timedelta
    again: bool  # may somebody who approved an earlier stage approve this one, too?
    rule: str | None = None  # approves it in place of people


RULES: Final = "daytwo:rule"  # the issuer of rules of actions: no sign-in gives it
STAGE: Final = TypeAdapter(Stage)  # as it stands in `later`


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked of whom: the first stage, and those that follow."""

    run: RunId
    digest: Digest
    document: str
    needed_from: Sequence[str]
    count: int
    expires_at: datetime
    supersedes: ApprovalId | None = None
    drift: Sequence[Json] = ()
    later: Sequence[Stage] = ()
    rule: str | None = None


async def ask(tx: Tx, asked: Asked) -> ApprovalRow:
    """Create the pending approval of a run, its first stage."""
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
        stage=1,
        again=False,
        rule=asked.rule,
        later=[STAGE.dump_python(stage, mode="json") for stage in asked.later],
    )
    return await _add(tx, row)


async def open_next(tx: Tx, row: ApprovalRow) -> ApprovalRow | None:
    """Open the stage after an approved one, about the same digest; None after the last."""
    if not row.later:
        return None
    stage = STAGE.validate_python(row.later[0])
    await tx.session.flush()  # one pending approval per run: the one before is written first
    following = ApprovalRow(
        id=new_approval_id(),
        run_id=row.run_id,
        state=ApprovalState.PENDING,
        digest=row.digest,
        document=row.document,
        needed_from=list(stage.needed_from),
        count=stage.count,
        created_at=tx.now,
        expires_at=tx.now + stage.expires_in,
        drift=row.drift,
        stage=row.stage + 1,
        first=row.first or row.id,
        again=stage.again,
        rule=stage.rule,
        later=row.later[1:],
    )
    return await _add(tx, following)


async def _add(tx: Tx, row: ApprovalRow) -> ApprovalRow:
    tx.session.add(row)
    await tx.session.flush()
    facts = {"approval": row.id, "digest": row.digest, "from": ", ".join(row.needed_from)}
    if row.stage > 1 or row.later:
        facts["stage"] = f"{row.stage} of {row.stage + len(row.later)}"
    tx.audit(actor="daytwo", action="approval.asked", subject=f"run:{row.run_id}", facts=facts)
    tx.notify(Topic.APPROVAL, row.id)
    if row.rule is not None:
        await _decide_by_rule(tx, row, row.rule)
    return row


async def _decide_by_rule(tx: Tx, row: ApprovalRow, rule: str) -> None:
    """A rule of the action approves the stage as it opens: a decision like others, by nobody who can sign in."""
    action = await tx.session.scalar(select(RunRow.action).where(RunRow.id == row.run_id))
    principal = await principal_for(tx, Login(issuer=RULES, subject=str(action), name=f"Rule of {action}", ref=None))
    tx.session.add(
        DecisionRow(
            approval_id=row.id,
            principal=principal.id,
            verdict=Verdict.APPROVE,
            digest=row.digest,
            comment="",
            group="",
            rule=rule,
            at=tx.now,
        )
    )
    await tx.session.flush()
    facts = {"approval": row.id, "digest": row.digest, "rule": rule[:200]}
    tx.audit(actor="daytwo", action="decision.by_rule", subject=f"run:{row.run_id}", facts=facts)
    settle(tx, row, ApprovalState.APPROVED)
    await open_next(tx, row)


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


async def stages(session: AsyncSession, approvals: Sequence[ApprovalRow]) -> dict[str, list[ApprovalRow]]:
    """The stages that have opened, in order, of what each of these approvals belongs to, by its id."""
    keys = {row.first or row.id for row in approvals}
    rows = await session.scalars(
        select(ApprovalRow)
        .where(or_(ApprovalRow.id.in_(keys), ApprovalRow.first.in_(keys)))
        .order_by(ApprovalRow.stage)
    )
    found: dict[str, list[ApprovalRow]] = {}
    for row in rows:
        found.setdefault(row.first or row.id, []).append(row)
    return {row.id: found[row.first or row.id] for row in approvals}


async def successor(session: AsyncSession, approval: ApprovalRow) -> ApprovalRow | None:
    """What replaced it, in whatever stage it was."""
    ids = [row.id for row in (await stages(session, [approval]))[approval.id]]
    found: ApprovalRow | None = await session.scalar(select(ApprovalRow).where(ApprovalRow.supersedes.in_(ids)))
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
    decidable_by: PrincipalId | None  # only those that this principal may decide, being in the groups


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
        query = query.where(
            ApprovalRow.needed_from.overlap(list(groups)),
            RunRow.requester != wanted.decidable_by,
            not_(_decided_by(wanted.decidable_by)),
        )
    if after is not None:
        query = query.where(tuple_(ApprovalRow.expires_at, ApprovalRow.id) > tuple_(*after))
    return [(approval, run) for approval, run in await session.execute(query)]


def _decided_by(principal: PrincipalId) -> ColumnElement[bool]:
    """Has this person decided on it, or on an earlier stage that counts?"""
    stage = aliased(ApprovalRow)
    same = func.coalesce(stage.first, stage.id) == func.coalesce(ApprovalRow.first, ApprovalRow.id)
    return (
        select(DecisionRow.approval_id)
        .join(stage, stage.id == DecisionRow.approval_id)
        .where(
            DecisionRow.principal == principal,
            or_(stage.id == ApprovalRow.id, and_(same, not_(ApprovalRow.again))),
        )
        .correlate(ApprovalRow)
        .exists()
    )


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
