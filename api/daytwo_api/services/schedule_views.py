"""Schedules and their times as people read them: rows in, views out."""

from datetime import datetime
from typing import Literal

from daytwo_actions.policy import YES, Answer, may_by_token
from daytwo_actions.roles import Permission
from daytwo_actions.schedules import CronFault, Due, ScheduleSpec, TimeFault, Times, times_in
from daytwo_api.asker import Asker
from daytwo_api.services.gather import Known
from daytwo_api.services.moments import moment
from daytwo_api.services.words import run_words
from daytwo_api.views.common import Permitted
from daytwo_api.views.schedules import FiringView, SchedulePermissions, ScheduleView, TimeView
from daytwo_store.states import FiringState, RunState
from daytwo_store.tables import FiringRow, RunRow, ScheduleRow

_IN_A_FILE = "It stands in a file of the company, and is changed there."


def schedule_view(
    row: ScheduleRow,
    spec: ScheduleSpec | None,
    known: Known,
    by: Asker,
    *,
    last: FiringView | None,
    now: datetime,
    times: int,
) -> ScheduleView:
    clock = _clock(spec)
    upcoming = [time_view(clock, due) for due in clock.upcoming(now, times)] if clock is not None else []
    state: Literal["active", "paused", "over"] = (
        "paused" if row.paused_at is not None else "active" if row.next_at is not None else "over"
    )
    metadata, written = row.document["metadata"], row.document["spec"]
    assert isinstance(metadata, dict)
    assert isinstance(written, dict)
    return ScheduleView(
        id=row.id,
        title=row.title,
        description=str(metadata.get("description", "")),
        owner=row.owner,
        action=row.action,
        entity=row.entity,
        spec=written,
        from_file=row.source is not None,
        state=state,
        text=_text(row, state, clock),
        paused_why=row.paused_why,
        paused_by=known.person(row.paused_by) if row.paused_at is not None else None,
        failures=row.failures,
        next_at=row.next_at if state == "active" else None,
        upcoming=upcoming if state == "active" else [],
        last=last,
        changed_at=row.changed_at,
        may=permissions(row, by),
    )


def permissions(row: ScheduleRow, by: Asker) -> SchedulePermissions:
    """The same answers that the routes refuse by."""
    by_token = may_by_token(by.actions, row.action)

    def permitted(answer: Answer) -> Permitted:
        both = answer if not answer.allowed else by_token
        return Permitted(allowed=both.allowed, why_not=both.why_not)

    return SchedulePermissions(
        change=permitted(_change(row, by)),
        pause=permitted(_mend(row, by)),
        remove=permitted(Answer(False, _IN_A_FILE) if row.source is not None else _mend(row, by)),
        take=permitted(_take(row, by)),
        run=permitted(_runs(by)),
    )


def firing_view(row: FiringRow, run: RunRow | None, known: Known) -> FiringView:
    """`run` where there is one that the asker may see."""
    return FiringView(
        at=row.at,
        state=FiringState(row.state),
        text=_firing_text(row, run),
        count=row.count,
        last_at=row.last_at,
        by=known.person(row.by) if row.by is not None else None,
        run=run.id if run is not None else None,
        run_state=RunState(run.state) if run is not None else None,
    )


def time_view(times: Times, due: Due) -> TimeView:
    return TimeView(at=due.at, local=times.local(due.at), note=due.note)


def _text(row: ScheduleRow, state: str, clock: Times | None) -> str:
    if state == "paused":
        return f"paused since {moment(row.paused_at)}: {row.paused_why}" if row.paused_at else "paused"
    if row.next_at is None:
        return "over: it is due no more"
    return f"due next on {clock.local(row.next_at)}" if clock is not None else "its times cannot be worked out any more"


def _firing_text(row: FiringRow, run: RunRow | None) -> str:
    match FiringState(row.state):
        case FiringState.STARTED:
            return f"Its run is {run_words(run.state)}." if run is not None else "There is a run of it."
        case FiringState.DUE:
            return row.why or "Its run is about to be asked for."
        case _:
            return row.why or ""


def _clock(spec: ScheduleSpec | None) -> Times | None:
    try:
        return times_in(spec) if spec is not None else None
    except (CronFault, TimeFault):
        return None


def _runs(by: Asker) -> Answer:
    if Permission.RUN in by.permissions:
        return YES
    return Answer(False, "It takes the right to start runs.")


def _change(row: ScheduleRow, by: Asker) -> Answer:
    if row.source is not None:
        return Answer(False, _IN_A_FILE)
    if row.owner != by.ref:
        return Answer(False, f"Its runs are asked for in the name of {row.owner}, who alone changes it.")
    return _runs(by)


def _take(row: ScheduleRow, by: Asker) -> Answer:
    if row.source is not None:
        return Answer(False, _IN_A_FILE)
    return Answer(False, "It is yours already.") if row.owner == by.ref else _runs(by)


def _mend(row: ScheduleRow, by: Asker) -> Answer:
    if row.owner == by.ref or Permission.RUNS_CONTROL in by.permissions:
        return _runs(by)
    return Answer(False, f"Only its owner, {row.owner}, and operators do this.")
