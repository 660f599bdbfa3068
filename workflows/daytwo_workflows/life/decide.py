"""One person's decision on one digest: one transaction against (approval, principal) (A3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

import rfc8785
from pydantic import JsonValue

from daytwo_actions.voices import Question, voice
from daytwo_forms import ValidInput
from daytwo_store import approvals, principals, runs
from daytwo_store.approvals import NewDecision
from daytwo_store.engine import Store, Topic, Tx
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.ids import ApprovalId, PrincipalId, RunId
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import ApprovalState, RunState, Verdict
from daytwo_store.tables import ApprovalRow, DecisionRow, RunRow
from daytwo_workflows.life import break_glass
from daytwo_workflows.life.extending import extended
from daytwo_workflows.life.people import voter
from daytwo_workflows.life.standing import people_of, question

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    approval: ApprovalId
    principal: PrincipalId
    verdict: Verdict
    digest: str
    comment: str
    answers: Json | None = None  # as they were sent
    filled: ValidInput | None = None  # as the form of the stage accepted them (`filling.filled_in`)


async def decide(store: Store, decision: Decision) -> bool:
    """Record the decision and what follows from it. True when this person had decided the same before.

    Raises `NotFound`, `Forbidden` (four eyes, or not asked), `Conflict` (decided, expired, another digest), `Rejected`.
    """
    async with store.write() as tx:
        return await decide_in(tx, decision)


async def decide_in(tx: Tx, decision: Decision) -> bool:
    """The same, in a transaction of the caller."""
    approval, run = await held(tx, decision.approval)
    stages = (await approvals.stages(tx.session, [approval]))[approval.id]
    counted = await approvals.decisions(tx.session, [stage.id for stage in stages])
    here = [one for one in counted if one.approval_id == approval.id]
    if _repeated(here, decision):
        return True
    people = await people_of(tx.session, [run], counted, decision.principal)
    asked = question(approval, run, stages, counted, people)
    who = await voter(
        tx.session, people[decision.principal], entries=approval.needed_from, now=tx.now, approval=approval.id
    )
    found = voice(who, asked)
    if isinstance(found, str):
        raise Forbidden(f"{found} Nothing was decided.")
    _must_say_why(asked, decision)
    await _must_be_open(tx, approval, decision, here)
    answers = filled_with(approval, decision, here, {one: row.name for one, row in people.items()})
    await approvals.record(
        tx,
        approval,
        NewDecision(
            principal=decision.principal,
            verdict=decision.verdict,
            comment=decision.comment.strip(),
            group=found.entry,
            on_behalf_of=found.lent.by.principal if found.lent else None,
            delegation=found.lent.id if found.lent else None,
            own_request=asked.requester in (who.own.key, *who.own.bound),
            own_values=not {who.own.key, *who.own.bound}.isdisjoint(approval.fillers),
            own_edit=not approvals.editors_of(approval).isdisjoint({who.own.key, *who.own.bound}),
            answers=answers,
        ),
    )
    await _follow(tx, run, approval, decision, approved=1 + sum(one.verdict == Verdict.APPROVE for one in here))
    return False


def _must_say_why(asked: Question, decision: Decision) -> None:
    if decision.comment.strip() or decision.verdict not in asked.terms.reason:
        return
    if decision.verdict is Verdict.REJECT:
        raise Rejected("Say why you reject it: the requester will read it. Nothing was decided.")
    raise Rejected("Say why you approve it: this action wants a reason. Nothing was decided. Send it as the comment.")


async def held(tx: Tx, approval: ApprovalId) -> tuple[ApprovalRow, RunRow]:
    """The approval and its run, whose row is held first: the order of locks is the same everywhere."""
    run = await runs.hold_of_approval(tx, approval)
    row = await approvals.get(tx.session, approval) if run is not None else None
    if run is None or row is None:
        raise NotFound(f"There is no approval {approval}, or you may not see it.")
    return row, run


def filled_with(
    approval: ApprovalRow, decision: Decision, earlier: Sequence[DecisionRow], names: Mapping[str, str]
) -> dict[str, JsonValue] | None:
    """What the decision fills in. The first who approves fills in the stage; whoever approves after that confirms
    exactly that (docs/decisions/0026). Raises `Rejected`, `Conflict`."""
    if decision.verdict is Verdict.REJECT or not approval.asks:
        if decision.answers:
            what = "Who rejects fills nothing in" if approval.asks else "This stage has nothing to be filled in"
            raise Rejected(f"{what}. Nothing was decided. Leave the answers out.")
        return None
    first = first_filled(earlier)
    if first is not None:
        if decision.answers is not None and same_answers(decision.answers, first.answers or {}):
            return dict(first.answers or {})
        raise Conflict(
            f"{names[first.principal]} has filled in this stage, and who approves after that confirms exactly that. "
            "Nothing was decided. Open the approval again: approve what was filled in, or reject it, or ask "
            f"{names[first.principal]} to take the decision back."
        )
    if decision.filled is None:
        raise Rejected(
            f"Who approves this fills in {', '.join(approval.asks)}. Nothing was decided. Open the approval, and send "
            "what you fill in with the decision."
        )
    return dict(decision.filled)


def first_filled(decisions: Sequence[DecisionRow]) -> DecisionRow | None:
    """The decision that filled in a stage, of those that count in it."""
    return next((one for one in decisions if one.verdict == Verdict.APPROVE and one.answers is not None), None)


def same_answers(one: Json, other: Json) -> bool:
    """As JSON: true is not 1 there, and 1.0 is."""
    try:
        return rfc8785.dumps(dict(one)) == rfc8785.dumps(dict(other))
    except (rfc8785.CanonicalizationError, ValueError, RecursionError):
        return False  # what is kept can be written down, so this is something else


def _repeated(earlier: Sequence[DecisionRow], decision: Decision) -> bool:
    for row in earlier:
        if row.principal == decision.principal:
            same = decision.answers is None or same_answers(decision.answers, row.answers or {})
            if row.verdict == decision.verdict and row.digest == decision.digest and same:
                return True
            raise Conflict(
                f"You have already decided on this: {row.verdict}. A decision is not changed. "
                "Take it back first, which can be done until something is sent."
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


async def _follow(tx: Tx, run: RunRow, approval: ApprovalRow, decision: Decision, *, approved: int) -> None:
    settled: ApprovalState | None = None
    if decision.verdict is Verdict.REJECT:
        settled = ApprovalState.REJECTED
        approvals.settle(tx, approval, settled, actor=decision.principal)
        why = decision.comment.strip()
        if approval.path is None:  # a step that is rejected fails, and what becomes of the run is decided by all steps
            await runs.end(
                tx,
                run,
                RunState.REJECTED,
                reason=f"Rejected: {why} Nothing was sent." if why else "Rejected. Nothing was sent.",
                actor=decision.principal,
            )
    elif approved >= approval.count:
        settled = ApprovalState.APPROVED
        approvals.settle(tx, approval, settled, actor=decision.principal)
        last = await approvals.open_next(tx, approval) is None
        if last and run.break_glass and approval.path is None:
            await break_glass.broken(tx, run)
        if approvals.extends(approval) is not None:
            await extended(tx, run, approval, by=decision.principal)
    else:
        tx.notify(Topic.APPROVAL, approval.id)
    if settled is not None:
        tell(
            tx,
            Notice.APPROVAL_DECIDED,
            audience=[run.requester, *approval.needed_from],
            run=RunId(run.id),
            approval=ApprovalId(approval.id),
            facts={"state": settled, "by": decision.principal},
        )
    tx.poke(RunId(approval.run_id))
