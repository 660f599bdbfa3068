"""What people found out about held attempts, and who is still waited for."""

from collections.abc import Sequence
from typing import Literal, cast

from daytwo_actions.policy import Answer
from daytwo_api.services.gather import Known
from daytwo_api.views.runs import FindingView
from daytwo_store.states import AttemptState
from daytwo_store.tables import AttemptRow, FindingRow, RunRow
from daytwo_workflows.life.interventions import findings_by
from daytwo_workflows.life.standing import key


def of_attempt(found: Sequence[FindingRow], attempt: AttemptRow, known: Known) -> list[FindingView]:
    return [_view(one, known) for one in found if (one.path, one.no) == (attempt.path, attempt.no)]


def sentence(run: RunRow, found: Sequence[FindingRow], attempts: Sequence[AttemptRow], known: Known) -> str | None:
    """Who said what about the attempt that is held now, and who else has to: nothing without a finding."""
    held = next((one for one in attempts if one.state == AttemptState.HELD), None)
    said = of_attempt(found, held, known) if held is not None else []
    if not said:
        return None
    told = "; ".join(f"{one.by.name} found that {_words(one)}" for one in said)
    people = ", ".join(dict.fromkeys([one.by.name for one in said] + [known.person(run.requester).name]))
    return f"{told}. Somebody other than {people} has to find the same, or one of them to change their mind."


def may_resolve(run: RunRow, stop: Answer, known: Known) -> Answer:
    """Where somebody had to approve, who asked for the run is not one of the two, nor who is one person with them."""
    if not stop.allowed or not run.protected:
        return stop
    assert known.voter is not None, "who reads a run is looked up"
    refused = findings_by(known.voter.own, key(known.people, run.requester), known.person(run.requester).name)
    return stop if refused is None else Answer(False, f"{refused} Two other people have to say what happened.")


def _words(one: FindingView) -> str:
    return f"it ran as {one.external_run}" if one.outcome == "ran" else "it did not run"


def _view(row: FindingRow, known: Known) -> FindingView:
    return FindingView(
        by=known.person(row.principal),
        outcome=cast("Literal['ran', 'did_not_run']", row.outcome),
        external_run=row.external_id,
        reason=row.reason,
        at=row.at,
    )
