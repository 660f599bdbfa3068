"""One person's decision on one digest: one transaction against (approval, principal) (A3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from daytwo_actions.policy import entitling, may_decide
from daytwo_store import approvals, principals, runs
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.ids import ApprovalId, PrincipalId, RunId
from daytwo_store.states import ApprovalState, RunState, Verdict
from daytwo_store.tables import ApprovalRow, DecisionRow
from daytwo_workflows.life.people import belongings
from daytwo_workflows.life.standing import approved_before


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    approval: ApprovalId
    principal: PrincipalId
    person: str | None  # ref of the person, whose groups are looked up in the transaction
    verdict: Verdict
    digest: str
    comment: str


async def decide(store: Store, decision: Decision) -> bool:
    """Record the decision and what follows from it. True when this person had decided the same before.

    Raises `NotFound`, `Forbidden` (four eyes, or not asked), `Conflict` (decided, expired, another digest), `Rejected`.
    """
    if decision.verdict is Verdict.REJECT and not decision.comment.strip():
        raise Rejected("Say why you reject it: the requester will read it. Nothing was decided.")
    async with store.write() as tx:
        approval = await _held(tx, decision.approval)
        run = await runs.peek(tx.session, RunId(approval.run_id))
        belongs = await belongings(tx.session, decision.person)
        answer = may_decide(
            approval.needed_from,
            principal=decision.principal,
            requester=PrincipalId(run.requester),
            belongs=belongs,
            before=await approved_before(tx.session, approval),
        )
        if not answer.allowed:
            raise Forbidden(f"{answer.why_not} Nothing was decided.")
        earlier = await approvals.decisions(tx.session, [approval.id])
        if _repeated(earlier, decision):
            return True
        await _must_be_open(tx, approval, decision, earlier)
        group = entitling(approval.needed_from, belongs)
        assert group is not None
        await approvals.record(
            tx,
            approval,
            principal=decision.principal,
            verdict=decision.verdict,
            comment=decision.comment.strip(),
            group=group,
        )
        await _follow(tx, approval, decision, approved=1 + sum(row.verdict == Verdict.APPROVE for row in earlier))
    return False


async def _held(tx: Tx, approval: ApprovalId) -> ApprovalRow:
    """The approval, with its run's row held: the order of locks is the same everywhere."""
    row = await approvals.get(tx.session, approval)
    if row is None:
        raise NotFound(f"There is no approval {approval}, or you may not see it.")
    await runs.hold(tx, RunId(row.run_id))
    await tx.session.refresh(row)
    return row


def _repeated(earlier: Sequence[DecisionRow], decision: Decision) -> bool:
    for row in earlier:
        if row.principal == decision.principal:
            if row.verdict == decision.verdict and row.digest == decision.digest:
                return True
            raise Conflict(
                f"You have already decided on this: {row.verdict}. A decision is not changed. "
                "If it was wrong, ask for the run to be cancelled, or for a new one."
            )
    return False


async def _must_be_open(tx: Tx, approval: ApprovalRow, decision: Decision, earlier: Sequence[DecisionRow]) -> None:
    if approval.state == ApprovalState.SUPERSEDED:
        raise Conflict(
            "What was asked for has changed since, so this approval is void. Nothing was decided. "
            "Look at the new one: it shows what changed."
        )
    if approval.state != ApprovalState.PENDING:
        raise Conflict(f"{await _who_was_first(tx, approval, earlier)} Nothing was changed by you.")
    if approval.expires_at <= tx.now:
        raise Conflict("The time to decide is over. Nothing was decided, nothing is sent; it can be asked for again.")
    if approval.digest != decision.digest:
        raise Conflict(
            "What you looked at is not what is asked for (its digest is another one). Nothing was decided. "
            "Open the approval again, look at the plan, and decide on that."
        )


async def _who_was_first(tx: Tx, approval: ApprovalRow, earlier: Sequence[DecisionRow]) -> str:
    """The first decision wins, and the others are told whose it was."""
    last = earlier[-1] if earlier else None
    if last is None or approval.state not in (ApprovalState.APPROVED, ApprovalState.REJECTED):
        return f"This was already {approval.state}."
    name = (await principals.by_ids(tx.session, [last.principal]))[last.principal].name
    return f"This was already {approval.state} by {name} at {last.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC."


async def _follow(tx: Tx, approval: ApprovalRow, decision: Decision, *, approved: int) -> None:
    run = await runs.hold(tx, RunId(approval.run_id))
    if decision.verdict is Verdict.REJECT:
        approvals.settle(tx, approval, ApprovalState.REJECTED, actor=decision.principal)
        await runs.end(
            tx,
            run,
            RunState.REJECTED,
            reason=f"Rejected: {decision.comment.strip()} Nothing was sent.",
            actor=decision.principal,
        )
    elif approved >= approval.count:
        approvals.settle(tx, approval, ApprovalState.APPROVED, actor=decision.principal)
        await approvals.open_next(tx, approval)
    tx.poke(RunId(approval.run_id))
