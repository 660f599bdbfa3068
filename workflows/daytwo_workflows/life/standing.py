"""Does what was approved stand still? All stages, this very plan, and people who are entitled to it today."""

from collections.abc import Collection, Sequence
from datetime import datetime

from daytwo_actions.plan.difference import Change
from daytwo_actions.plan.model import PlannedApproval, PlannedStage, digest_of
from daytwo_store import approvals, principals
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.states import ApprovalState, Verdict
from daytwo_store.tables import ApprovalRow, DecisionRow, RunRow
from daytwo_workflows.life.people import belongings


async def no_longer(session: Session, row: RunRow) -> list[Change]:
    """Why a protected run's approval does not hold any more; nothing when it does."""
    if not row.protected:
        return []
    stages = await of_run(session, RunId(row.id))
    wrong = _incomplete(row, stages)
    if wrong is not None:
        return [wrong]
    decisions = await approvals.decisions(session, [stage.id for stage in stages])
    found: list[Change] = []
    before: set[str] = set()
    for stage in stages:
        mine = [one for one in decisions if one.approval_id == stage.id and one.verdict == Verdict.APPROVE]
        found += await _too_few(session, stage, mine, before)
        before |= {one.principal for one in mine}
    return found


async def of_run(session: Session, run: RunId) -> Sequence[ApprovalRow]:
    """The stages of what was asked for last, in order."""
    newest = await approvals.newest(session, run)
    return (await approvals.stages(session, [newest]))[newest.id] if newest else []


async def approved_before(session: Session, row: ApprovalRow) -> frozenset[str]:
    """Who approved an earlier stage and may therefore not approve this one."""
    if row.again or row.stage == 1:
        return frozenset()
    stages = (await approvals.stages(session, [row]))[row.id]
    return approvers(row, stages, await approvals.decisions(session, [stage.id for stage in stages]))


def approvers(row: ApprovalRow, stages: Collection[ApprovalRow], decisions: Collection[DecisionRow]) -> frozenset[str]:
    """The same from what was read already."""
    if row.again:
        return frozenset()
    earlier = {stage.id for stage in stages if stage.stage < row.stage}
    return frozenset(
        one.principal for one in decisions if one.approval_id in earlier and one.verdict == Verdict.APPROVE
    )


def as_before(stages: Sequence[ApprovalRow], now: datetime) -> PlannedApproval:
    """The rule asks for nobody any more, but somebody approved something else: the same people are asked again."""
    first, *then = stages
    return PlannedApproval(
        needed_from=first.needed_from,
        count=first.count,
        expires_at=now + (first.expires_at - first.created_at),
        then=[
            PlannedStage(
                needed_from=stage.needed_from,
                count=stage.count,
                expires_in=int((stage.expires_at - stage.created_at).total_seconds()),
                again=stage.again,
            )
            for stage in then
        ],
    )


def _incomplete(row: RunRow, stages: Sequence[ApprovalRow]) -> Change | None:
    if not stages or stages[-1].later:
        return Change("approval", "approved", None)
    for number, stage in enumerate(stages, 1):
        if stage.state != ApprovalState.APPROVED or stage.stage != number:
            return Change("approval", "approved", stage.state)
        if not stage.digest == row.digest == digest_of(row.plan):
            return Change("digest", stage.digest, digest_of(row.plan))
    return None


async def _too_few(
    session: Session, stage: ApprovalRow, decided: Sequence[DecisionRow], before: Collection[str]
) -> list[Change]:
    if stage.rule is not None:
        return []  # the rule was worked out anew with the plan, and stands in it
    people = await principals.by_ids(session, [one.principal for one in decided])
    counted = [one for one in decided if stage.again or one.principal not in before]
    gone = [one for one in counted if one.group not in await belongings(session, people[one.principal].ref)]
    if len(counted) - len(gone) >= stage.count:
        return []
    return [
        Change(f"approval of {people[one.principal].name}", f"member of {one.group}", "no longer") for one in gone
    ] or [Change("approval", f"{stage.count} people", f"{len(counted)}")]
