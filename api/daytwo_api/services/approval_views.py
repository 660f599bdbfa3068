"""Approvals as people read them."""

import json

from daytwo_actions.plan.difference import Change
from daytwo_actions.policy import may_decide
from daytwo_api.asker import Asker
from daytwo_api.services import words
from daytwo_api.services.gather import Known
from daytwo_api.views.actions import Difference
from daytwo_api.views.approvals import ApprovalSummary, ApprovalView, DecisionView, StageView
from daytwo_api.views.common import Permitted
from daytwo_store.approvals import STAGE
from daytwo_store.ids import PrincipalId
from daytwo_store.states import ApprovalState, Verdict
from daytwo_store.tables import ApprovalRow, Json, RunRow
from daytwo_workflows.life.standing import approvers


def summary(row: ApprovalRow, run: RunRow, known: Known, asker: Asker) -> ApprovalSummary:
    decisions = known.decisions.get(row.id, ())
    return ApprovalSummary(
        id=row.id,
        run=run.id,
        action=run.action,
        action_title=known.title(run),
        entity=run.entity,
        requester=known.person(run.requester),
        comment=run.comment,
        state=ApprovalState(row.state),
        text=words.approval_words(row, deciders(row, known)),
        needed_from=row.needed_from,
        count=row.count,
        stage=row.stage,
        stages=row.stage + len(row.later),
        created_at=row.created_at,
        expires_at=row.expires_at,
        decisions=[
            DecisionView(
                by=None if decision.rule else known.person(decision.principal),
                rule=decision.rule,
                verdict=Verdict(decision.verdict),
                comment=decision.comment,
                at=decision.at,
            )
            for decision in decisions
        ],
        digest=row.digest,
        may_decide=_may_decide(row, run, known, asker),
    )


def deciders(row: ApprovalRow, known: Known) -> list[str]:
    return [
        words.RULE if decision.rule else known.person(decision.principal).name
        for decision in known.decisions.get(row.id, ())
    ]


def stage_views(row: ApprovalRow, known: Known) -> list[StageView]:
    """Every stage: those that have opened, and those to come."""
    opened = known.stages[row.id]
    total = row.stage + len(row.later)
    seen = [
        StageView(
            number=one.stage,
            approval=one.id,
            state=ApprovalState(one.state),
            text=words.stage_words(one, deciders(one, known)),
            needed_from=one.needed_from,
            count=one.count,
        )
        for one in opened
    ]
    coming = opened[-1].later if len(opened) < total else []
    for number, stored in enumerate(coming, len(opened) + 1):
        stage = STAGE.validate_python(stored)
        seen.append(
            StageView(
                number=number,
                approval=None,
                state=None,
                text=f"{words.needed(stage.needed_from, stage.count)}, when stage {number - 1} is approved",
                needed_from=list(stage.needed_from),
                count=stage.count,
            )
        )
    return seen


def _may_decide(row: ApprovalRow, run: RunRow, known: Known, asker: Asker) -> Permitted:
    if row.state != ApprovalState.PENDING:
        return Permitted(allowed=False, why_not=f"It is already {row.state}.")
    if any(decision.principal == asker.principal for decision in known.decisions.get(row.id, ())):
        return Permitted(allowed=False, why_not="You have decided already; it waits for others.")
    answer = may_decide(
        row.needed_from,
        principal=asker.principal,
        requester=PrincipalId(run.requester),
        belongs=asker.belongs,
        before=_before(row, known),
    )
    return Permitted(allowed=answer.allowed, why_not=answer.why_not)


def _before(row: ApprovalRow, known: Known) -> frozenset[str]:
    stages = known.stages[row.id]
    return approvers(row, stages, [one for stage in stages for one in known.decisions.get(stage.id, ())])


def whole(
    row: ApprovalRow,
    run: RunRow,
    known: Known,
    asker: Asker,
    *,
    previous: RunRow | None,
    differences: list[Change],
    superseded_by: str | None,
) -> ApprovalView:
    return ApprovalView(
        **dict(summary(row, run, known, asker)),
        all_stages=stage_views(row, known),
        sealed=json.loads(row.document),
        inputs=run.inputs,
        differences=[as_view(change.as_json()) for change in differences],
        previous_run=previous.id if previous else None,
        superseded_by=superseded_by,
        drift=[as_view(change) for change in row.drift],
    )


def as_view(change: Json) -> Difference:
    return Difference(field=str(change["field"]), before=change.get("before"), after=change.get("after"))
