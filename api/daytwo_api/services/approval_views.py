"""Approvals as people read them."""

import json

from daytwo_actions.plan.difference import Change
from daytwo_actions.policy import may_decide
from daytwo_api.asker import Asker
from daytwo_api.services import words
from daytwo_api.services.gather import Known
from daytwo_api.views.actions import Difference
from daytwo_api.views.approvals import ApprovalSummary, ApprovalView, DecisionView
from daytwo_api.views.common import Permitted
from daytwo_store.ids import PrincipalId
from daytwo_store.states import ApprovalState, Verdict
from daytwo_store.tables import ApprovalRow, Json, RunRow


def summary(row: ApprovalRow, run: RunRow, known: Known, asker: Asker) -> ApprovalSummary:
    decisions = known.decisions.get(row.id, ())
    deciders = [known.person(decision.principal).name for decision in decisions]
    return ApprovalSummary(
        id=row.id,
        run=run.id,
        action=run.action,
        action_title=known.title(run),
        entity=run.entity,
        requester=known.person(run.requester),
        comment=run.comment,
        state=ApprovalState(row.state),
        text=words.approval_words(row, deciders),
        needed_from=row.needed_from,
        count=row.count,
        created_at=row.created_at,
        expires_at=row.expires_at,
        decisions=[
            DecisionView(
                by=known.person(decision.principal),
                verdict=Verdict(decision.verdict),
                comment=decision.comment,
                at=decision.at,
            )
            for decision in decisions
        ],
        digest=row.digest,
        may_decide=_may_decide(row, run, known, asker),
    )


def _may_decide(row: ApprovalRow, run: RunRow, known: Known, asker: Asker) -> Permitted:
    if row.state != ApprovalState.PENDING:
        return Permitted(allowed=False, why_not=f"It is already {row.state}.")
    if any(decision.principal == asker.principal for decision in known.decisions.get(row.id, ())):
        return Permitted(allowed=False, why_not="You have decided already; it waits for others.")
    answer = may_decide(
        row.needed_from, principal=asker.principal, requester=PrincipalId(run.requester), belongs=asker.belongs
    )
    return Permitted(allowed=answer.allowed, why_not=answer.why_not)


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
        sealed=json.loads(row.document),
        inputs=run.inputs,
        differences=[as_view(change.as_json()) for change in differences],
        previous_run=previous.id if previous else None,
        superseded_by=superseded_by,
        drift=[as_view(change) for change in row.drift],
    )


def as_view(change: Json) -> Difference:
    return Difference(field=str(change["field"]), before=change.get("before"), after=change.get("after"))
