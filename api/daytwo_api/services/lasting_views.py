"""What is temporary, as people read it, and what the asker may do about it."""

from datetime import datetime

from pydantic import JsonValue

from daytwo_actions.policy import Answer
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services.doors import permitted
from daytwo_api.services.gather import Known
from daytwo_api.services.moments import moment
from daytwo_api.services.run_permissions import stop_answer_of
from daytwo_api.views.lasting import LastsView, TemporaryView
from daytwo_store.lasting import Lasting
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.lasting import NOBODY_EXTENDS, allowed_extension


def step_lasts(run: RunRow, step: StepRow, owner: str | None, known: Known, asker: Asker) -> LastsView | None:
    """`owner` is that of the entity, now. None where it does not last, or not any more."""
    if step.kind != "temporary" or step.state != StepState.RUNNING:
        return None
    return _lasts(run, step.given, step.started_at, step.due_at, owner, known, asker)


def temporary_view(one: Lasting, run: RunRow, owner: str | None, known: Known, asker: Asker) -> TemporaryView:
    text = f"until {moment(one.until)}" if one.until is not None else "its end is not known yet"
    if one.stands:
        text = "was to be over, and was not taken back: look at the run"
    lasts = None if one.stands else _lasts(run, one.given, one.started_at, one.until, owner, known, asker)
    return TemporaryView(run=one.run, action=one.action, step=one.step, until=one.until, text=text, lasts=lasts)


def _lasts(
    run: RunRow,
    given: dict[str, JsonValue] | None,
    started_at: datetime | None,
    until: datetime | None,
    owner: str | None,
    known: Known,
    asker: Asker,
) -> LastsView | None:
    if run.state != RunState.RUNNING or run.cancel_at is not None:
        return None
    extension = allowed_extension(given)
    latest = started_at + extension.most if extension is not None and started_at is not None else None
    why_not = NOBODY_EXTENDS
    if extension is not None:
        requester = known.people[run.requester]
        why_not = extension.why_not(requester, by=asker.principal, person=asker.ref, belongs=asker.belongs)
    stop = stop_answer_of(run, owner, known, asker)
    return LastsView(
        until=until,
        latest=latest,
        extend=permitted(asker, Permission.DECIDE, Answer(not why_not, why_not)),
        ask=permitted(asker, Permission.RUN, stop if extension is not None else Answer(False, NOBODY_EXTENDS)),
        give_back=permitted(asker, Permission.RUN, stop),
    )
