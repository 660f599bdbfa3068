"""Does what was approved stand still? All stages, this very plan, and people who are entitled to it today."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from daytwo_actions.plan.difference import Change
from daytwo_actions.plan.model import Plan, PlannedApproval, PlannedStage, digest_of
from daytwo_actions.roles import Permission, granted
from daytwo_actions.voices import Question
from daytwo_store import approvals, delegations, principals, runs
from daytwo_store.engine import Session
from daytwo_store.errors import Conflict
from daytwo_store.evidence_decisions import answers_digest
from daytwo_store.ids import RunId, StepPath
from daytwo_store.on_call import place_of
from daytwo_store.states import ApprovalState, StepState, Verdict
from daytwo_store.tables import ApprovalRow, DecisionRow, PrincipalRow, RunRow, StepRow
from daytwo_store.terms import terms_of
from daytwo_workflows.life import midway
from daytwo_workflows.life.people import belongings


class NotStanding(Conflict):
    """What was approved does not hold any more."""


async def must_stand(session: Session, row: RunRow) -> None:
    """What a dispatch is checked for at its seal, of what takes effect or begins otherwise. Raises `NotStanding`."""
    changes = await no_longer(session, row)
    if changes:
        names = ", ".join(change.name for change in changes[:5])
        raise NotStanding(f"What was approved does not hold any more ({names}).")


async def no_longer(session: Session, row: RunRow) -> list[Change]:
    """Why a protected run's approval does not hold any more; nothing when it does."""
    if not row.protected:
        return []
    stages = await of_run(session, RunId(row.id))
    found: list[Change] = []
    if stages or not midway.only_midway(row):
        wrong = _incomplete(row, stages)
        found += [wrong] if wrong is not None else await _lacking(session, row, stages)
    for step in await runs.steps(session, RunId(row.id)):
        found += await _no_longer_at(session, row, step)
    return found


async def _no_longer_at(session: Session, row: RunRow, step: StepRow) -> list[Change]:
    """The same of what was approved at a step. What waits for a decision there keeps its own step back."""
    newest = await approvals.newest(session, RunId(row.id), StepPath(step.path))
    passed = step.kind == "approval" and step.state == StepState.SUCCEEDED
    if newest is None or newest.state != ApprovalState.APPROVED or newest.later:
        state = newest.state if newest is not None else None
        return [Change(f"approval at {step.path}", "approved", state)] if passed else []
    stages = (await approvals.stages(session, [newest]))[newest.id]
    for stage in stages:
        if stage.state != ApprovalState.APPROVED or stage.digest != digest_of(stage.document):
            return [Change(f"approval at {step.path}", "approved", stage.state)]
        if row.digest != digest_of(row.plan) or plan_in(stage) != Plan.model_validate_json(row.plan):
            return [Change("digest", stage.digest, row.digest)]
    return await _lacking(session, row, stages)


def plan_in(stage: ApprovalRow) -> Plan:
    """The plan that was decided on at a step, without what was known there besides."""
    document = Plan.model_validate_json(stage.document)
    return document.model_copy(update={"at": None, "results": {}, "filled": {}})


async def _lacking(session: Session, row: RunRow, stages: Sequence[ApprovalRow]) -> list[Change]:
    """What of the decisions would not be taken today."""
    decisions = [
        one
        for one in await approvals.decisions(session, [stage.id for stage in stages])
        if one.verdict == Verdict.APPROVE
    ]
    people = await people_of(session, [row], decisions)
    revoked = await _revoked(session, decisions)
    found = [*_unfilled(stages, decisions)]
    before: set[str] = set()
    for stage in stages:
        mine = [one for one in decisions if one.approval_id == stage.id]
        count = _Count(mine, people, revoked, frozenset(before), key(people, row.requester))
        found += await _too_few(session, stage, count)
        before |= speakers(people, mine)
    return found


async def people_of(
    session: Session, of: Collection[RunRow], decisions: Collection[DecisionRow], *others: str
) -> dict[str, PrincipalRow]:
    """Everybody who asked, decided or was decided for, and others, by id."""
    ids = {run.requester for run in of} | {one.principal for one in decisions} | set(others)
    return await principals.by_ids(session, ids | {one.on_behalf_of for one in decisions if one.on_behalf_of})


async def of_run(session: Session, run: RunId) -> Sequence[ApprovalRow]:
    """The stages of what was asked for last, in order."""
    newest = await approvals.newest(session, run)
    return (await approvals.stages(session, [newest]))[newest.id] if newest else []


def key(people: Mapping[str, PrincipalRow], principal: str) -> str:
    """The human behind a principal: two sign-ins that the catalog knows as one person are one."""
    return people[principal].ref or principal


def speakers(people: Mapping[str, PrincipalRow], decisions: Collection[DecisionRow]) -> frozenset[str]:
    """The humans who count in these decisions: who decided, and for whom."""
    each = (one for row in decisions for one in (row.principal, row.on_behalf_of))
    return frozenset(key(people, one) for one in each if one is not None)


def question(
    row: ApprovalRow,
    run: RunRow,
    stages: Collection[ApprovalRow],
    decisions: Collection[DecisionRow],
    people: Mapping[str, PrincipalRow],
) -> Question:
    """What is to be decided at a stage, from what was read already; `decisions` of all its stages that count."""
    earlier = {stage.id for stage in stages if stage.stage < row.stage}
    approved = [one for one in decisions if one.approval_id in earlier and one.verdict == Verdict.APPROVE]
    mine = [one for one in decisions if one.approval_id == row.id]
    return Question(
        approval=row.id,
        needed_from=row.needed_from,
        requester=key(people, run.requester),
        requester_name=people[run.requester].name,
        terms=terms_of(row.terms),
        editors=frozenset() if terms_of(row.terms).editor_approval else approvals.editors_of(row),
        fillers=frozenset() if terms_of(row.terms).self_approval else frozenset(row.fillers),
        before=frozenset() if row.again else speakers(people, approved),
        decided=frozenset(key(people, one.principal) for one in mine),
        spoken={key(people, one.on_behalf_of): people[one.principal].name for one in mine if one.on_behalf_of},
    )


def as_before(stages: Sequence[ApprovalRow], now: datetime) -> PlannedApproval:
    """The rule asks for nobody any more, but somebody approved something else: the same people are asked again."""
    first, *then = stages
    return PlannedApproval(
        needed_from=_asked_first(first),
        count=first.count,
        expires_at=now + (first.expires_at - first.created_at),
        terms=terms_of(first.terms),
        then=[
            PlannedStage(
                needed_from=_asked_first(stage),
                count=stage.count,
                expires_in=int((stage.expires_at - stage.created_at).total_seconds()),
                again=stage.again,
                terms=terms_of(stage.terms),
            )
            for stage in then
        ],
    )


def _asked_first(stage: ApprovalRow) -> list[str]:
    """Without those who were asked later."""
    terms = terms_of(stage.terms)
    others = terms.escalate.to if terms.escalate is not None and stage.escalated_at is not None else ()
    return [name for name in stage.needed_from if name not in others] or list(stage.needed_from)


def _incomplete(row: RunRow, stages: Sequence[ApprovalRow]) -> Change | None:
    if not stages or stages[-1].later:
        return Change("approval", "approved", None)
    for number, stage in enumerate(stages, 1):
        if stage.state != ApprovalState.APPROVED or stage.stage != number:
            return Change("approval", "approved", stage.state)
        if not stage.digest == row.digest == digest_of(row.plan):
            return Change("digest", stage.digest, digest_of(row.plan))
    return None


def _unfilled(stages: Sequence[ApprovalRow], decisions: Sequence[DecisionRow]) -> Iterator[Change]:
    """Stages that were not filled in, or not by all in the same way."""
    for stage in stages:
        given = [one.answers for one in decisions if one.approval_id == stage.id]
        if stage.asks and (None in given or len({answers_digest(one) for one in given if one is not None}) != 1):
            yield Change(f"approvals.{stage.name}", "filled in", "not filled in, or not by all in the same way")


@dataclass(frozen=True, slots=True)
class _Count:
    decided: Sequence[DecisionRow]
    people: Mapping[str, PrincipalRow]
    revoked: Collection[str]  # delegations
    before: Collection[str]
    requester: str


async def _revoked(session: Session, decisions: Collection[DecisionRow]) -> frozenset[str]:
    rows = await delegations.by_ids(session, {one.delegation for one in decisions if one.delegation})
    return frozenset(row.id for row in rows.values() if row.revoked_at is not None)


async def _too_few(session: Session, stage: ApprovalRow, count: _Count) -> list[Change]:
    """Those who approved a stage and would not be let today, when too few are left."""
    if stage.rule is not None:
        return []  # the rule was worked out anew with the plan, and stands in it
    never = set() if stage.again else set(count.before)
    if not terms_of(stage.terms).self_approval:
        never |= {count.requester, *stage.fillers}
    if not terms_of(stage.terms).editor_approval:
        never |= approvals.editors_of(stage)
    heard: set[str] = set()
    kept = 0
    gone: list[Change] = []
    for one in count.decided:
        humans = speakers(count.people, [one])
        if not heard.isdisjoint(humans) or not never.isdisjoint(humans):
            continue
        lost = await _lost(session, one, count)
        if lost is not None:
            gone.append(lost)
        else:
            heard |= humans
            kept += 1
    if kept >= stage.count:
        return []
    return gone or [Change("approval", f"{stage.count} people", f"{kept}")]


async def _lost(session: Session, one: DecisionRow, count: _Count) -> Change | None:
    """Why a decision would not be taken today. Whoever was on call when they decided has decided: their shift may end,
    but they have to be in the catalog."""
    name = count.people[one.principal].name
    lender = count.people[one.on_behalf_of] if one.on_behalf_of else None
    if one.delegation in count.revoked and lender is not None:
        return Change(f"approval of {name}", f"decides for {lender.name}", "revoked")
    if lender is not None and not await belongings(session, count.people[one.principal].ref):
        return Change(f"approval of {name}", "in the catalog", "no longer")
    belongs = await belongings(session, (lender or count.people[one.principal]).ref)
    if one.group not in belongs and (place_of(one.group) is None or not belongs):
        whose = lender or count.people[one.principal]
        return Change(f"approval of {whose.name}", f"member of {one.group}", "no longer")
    if not await _may_decide(session, count.people[one.principal], lender):
        return Change(f"approval of {name}", "may decide", "no longer")
    return None


async def _may_decide(session: Session, *people: PrincipalRow | None) -> bool:
    """Have they all a role that lets them, today?"""
    each = [await belongings(session, one.ref) for one in people if one is not None]
    return all(Permission.DECIDE in granted(belongs) for belongs in each)
