"""Reviews as people read them."""

from daytwo_actions.plan.model import Plan
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services.gather import Known
from daytwo_api.views.common import Permitted
from daytwo_api.views.reviews import ReviewView
from daytwo_store.states import RunState, Verdict
from daytwo_store.tables import DecisionRow, ReviewRow, RunRow
from daytwo_workflows.life.break_glass import may_close, took_part


def review_view(row: ReviewRow, run: RunRow, known: Known, asker: Asker) -> ReviewView:
    plan = Plan.model_validate_json(run.plan)
    glass = plan.break_glass
    decided = _decided(run, known)
    return ReviewView(
        run=run.id,
        action=run.action,
        action_title=known.title(run),
        entity=run.entity,
        requester=known.person(run.requester),
        comment=run.comment,
        state=RunState(run.state),
        second=glass.second if glass else None,
        confirmed_by=[known.person(one.principal) for one in decided if one.verdict == Verdict.APPROVE],
        past=[name for stage in glass.past for name in stage.needed_from] if glass else [],
        needed_from=row.needed_from,
        opened_at=row.opened_at,
        reminded=row.reminded,
        closed_at=row.closed_at,
        closed_by=known.person(row.closed_by) if row.closed_by else None,
        words=row.words,
        may_close=_may_close(row, run, decided, known, asker),
    )


def _may_close(row: ReviewRow, run: RunRow, decided: list[DecisionRow], known: Known, asker: Asker) -> Permitted:
    if row.closed_at is not None:
        return Permitted(allowed=False, why_not="It is closed already.")
    if run.ended_at is None:
        return Permitted(allowed=False, why_not="The run has not ended, so there is nothing to review yet.")
    assert known.voter is not None, "who reads a review is looked up"
    why_not = may_close(
        row.needed_from,
        took_part=took_part(run, decided, known.people),
        who=known.voter.own,
        any_review=any_review(asker),
    )
    return Permitted(allowed=why_not is None, why_not=why_not)


def any_review(asker: Asker) -> bool:
    """May close the review of any run that they see."""
    return Permission.BREAK_GLASS_REVIEW in asker.permissions


def _decided(run: RunRow, known: Known) -> list[DecisionRow]:
    rows = {stage.id: stage for stages in known.stages.values() for stage in stages if stage.run_id == run.id}
    return [one for approval in rows for one in known.decisions.get(approval, ())]
