"""Tasks as people read them."""

from datetime import datetime
from typing import Literal, cast

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.definitions.steps.task import PeopleStep, TaskStep
from daytwo_actions.hands import Chore, hand
from daytwo_actions.voices import Voter, listed
from daytwo_api.services.gather import Known
from daytwo_api.services.moments import moment
from daytwo_api.views.common import Permitted
from daytwo_api.views.tasks import LeftValue, TaskSummary, TaskView
from daytwo_forms.schema import spoken
from daytwo_store.states import RUN_ENDS, RunState, TaskState
from daytwo_store.tables import RunRow, TaskRow


def summary(row: TaskRow, run: RunRow, known: Known, now: datetime) -> TaskSummary:
    assert known.voter is not None, "who reads a task is told what they may do"
    requester = known.people[run.requester]
    chore = Chore(
        needed_from=row.needed_from,
        requester=requester.ref or requester.id,
        requester_name=requester.name,
        four_eyes=row.four_eyes,
        editors=row.editors,
    )
    found = hand(known.voter, chore)
    key = _key(known.voter)
    why = found if isinstance(found, str) else _closed(row, run)
    if why is None and row.claimed_by not in (None, key):
        why = f"{row.claimed_by} has taken it. Take it over if they cannot do it."
    lent = None if isinstance(found, str) else found.lent
    return TaskSummary(
        id=row.id,
        kind=cast("Literal['task', 'input']", row.kind),
        run=run.id,
        step=row.path,
        action=run.action,
        action_title=known.title(run),
        entity=run.entity,
        requester=known.person(run.requester),
        state=TaskState(row.state),
        text=_words(row, known),
        needed_from=row.needed_from,
        who=listed(row.needed_from),
        four_eyes=row.four_eyes,
        created_at=row.created_at,
        due_at=row.due_at,
        ends_at=row.ends_at,
        overdue=row.state == TaskState.OPEN and row.due_at <= now,
        escalated_at=row.escalated_at,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        yours=row.claimed_by == key,
        may_do=Permitted(allowed=why is None, why_not=why),
        does_for=known.person(lent.by.principal) if why is None and lent is not None else None,
    )


def whole(row: TaskRow, run: RunRow, known: Known, now: datetime, version: ActionVersion) -> TaskView:
    step = next(one for one in version.model.spec.steps if one.id == row.path)
    shown = step.with_.evidence if isinstance(step, TaskStep) else None
    pages = step.pages if isinstance(step, PeopleStep) else []  # between two waves nothing is filled in
    fields = {name: field for page in pages for name, field in page.properties.items()}
    left = row.answers or {}
    return TaskView(
        **dict(summary(row, run, known, now)),
        instructions=row.text,
        asks=bool(fields),
        left=[
            LeftValue(
                name=name,
                title=fields[name].title or spoken(name),
                value=left[name],
                evidence=shown is not None and name in shown.properties,
            )
            for name in fields
            if name in left
        ],
        words=row.words,
        settled_by=known.person(row.settled_by) if row.settled_by else None,
        settled_at=row.settled_at,
    )


def _key(who: Voter) -> str:
    return who.own.key


def _closed(row: TaskRow, run: RunRow) -> str | None:
    if row.state != TaskState.OPEN:
        return f"It is {row.state} already."
    if run.cancel_at is not None or RunState(run.state) in RUN_ENDS:
        return "The run is being stopped, or has ended."
    return None


def _words(row: TaskRow, known: Known) -> str:
    who = known.person(row.settled_by).name
    match TaskState(row.state):
        case TaskState.OPEN:
            return f"waits for {row.claimed_by or listed(row.needed_from)}, due {moment(row.due_at)}"
        case TaskState.DONE:
            return f"done by {who}"
        case TaskState.FAILED:
            return f"cannot be done, says {who}"
        case TaskState.EXPIRED:
            return "nobody did it in time"
        case TaskState.WITHDRAWN:
            return "not needed any more"
