"""`wait`: for so long, until a time, until a window opens, or for an event.

The moment of the first two is worked out once, when it begins, and stands in its row.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import JsonValue

from daytwo_actions.definitions.durations import LONGEST, parse_duration
from daytwo_actions.definitions.steps.until import clock_time, moment_of, zone_of
from daytwo_actions.freezes.clocks import moment
from daytwo_store import events, freezes, runs
from daytwo_store.engine import Tx
from daytwo_store.errors import Rejected
from daytwo_store.ids import RunId
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import StepState
from daytwo_store.tables import Json, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.kind import Kind
from daytwo_workflows.life.steps.leaving import leave
from daytwo_workflows.life.window import of_run as window_of_run


async def _begin(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> None:
    """Raises `Rejected` when there is no such time, or nothing that an event could be about."""
    given = step.given or {}
    event = given.get("event")
    if isinstance(event, dict):
        step.awaits = events.awaited(str(event["source"]), _key(event["key"]))
    elif "window" in given:
        step.awaits = freezes.WINDOW
    if step.awaits is not None:
        step.due_at = tx.now + timedelta(seconds=step.timeout)
    else:
        step.due_at = until(given, tx.now)


async def _next(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    assert step.due_at is not None, "a wait that has begun knows its end"
    if step.awaits is not None:
        return await (_window if step.awaits == freezes.WINDOW else _event)(life, tx, run, step)
    if tx.now >= step.due_at:
        runs.move_step(tx, step, StepState.SUCCEEDED)
        return None
    return _wait(tx, step.due_at)


async def _event(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    """One that came before it was waited for counts, and each of them for one step of a run. A run that goes on where
    another one ended is one with it: what came since that began counts, and what a step of it has had does not."""
    assert step.due_at is not None
    asked = (step.given or {})["event"]
    assert isinstance(asked, dict)
    source, key = str(asked["source"]), _key(asked["key"])
    await tx.session.flush()
    await events.in_turn(tx, source, key)
    since, taken = await _so_far(tx, run)
    found = await events.first(tx.session, source, key, since=since, without=taken)
    if found is not None:
        step.data = {"event": found.id}
        wrong = leave(life, tx, step, found.payload, OutputsSource.EVENT)
        if wrong is not None:
            return fail(tx, step, f"The event of {source} about {key} came, but {wrong}")
        runs.move_step(tx, step, StepState.SUCCEEDED, note=f"{source} told of {key}")
        return None
    if tx.now >= step.due_at:
        return fail(tx, step, f"No event of {source} about {key} came within {timedelta(seconds=step.timeout)}.")
    return _wait(tx, step.due_at)


async def _so_far(tx: Tx, run: RunRow) -> tuple[datetime, list[str]]:
    """When the first of the runs began that this one goes on with, and the events that their steps have had."""
    taken: list[str] = []
    while True:
        taken += [str((one.data or {})["event"]) for one in await runs.steps(tx.session, RunId(run.id)) if _took(one)]
        if run.resume_of is None:
            return run.created_at, taken
        run = await runs.peek(tx.session, RunId(run.resume_of))


async def _window(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    assert step.due_at is not None
    await freezes.read_locked(tx.session)  # who changes a freeze from now on finds this step waiting, and wakes it
    window = await window_of_run(life, tx.session, run, tx.now)
    if not window.shut:
        runs.move_step(tx, step, StepState.SUCCEEDED, note="the window is open")
        return None
    if tx.now >= step.due_at:
        return fail(tx, step, f"The window did not open within {timedelta(seconds=step.timeout)}.")
    return _wait(tx, min(one for one in (step.due_at, window.opens) if one is not None))


T = TypeVar("T")


def _wait(tx: Tx, moment: datetime) -> Move:
    return Move(what=What.WAIT, seconds=max(0.05, (moment - tx.now).total_seconds()))


def _took(step: StepRow) -> bool:
    """Also one that it could not use."""
    return step.kind == "wait" and "event" in (step.data or {})


def _key(value: JsonValue) -> str:
    """Raises `Rejected`."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not 0 < len(str(value)) <= events.LONGEST_KEY:
        raise Rejected(f"The key of an event is a text of at most {events.LONGEST_KEY} characters, and this is none.")
    return str(value)


def until(given: Json, now: datetime) -> datetime:
    """When a wait that begins now is over. Raises `Rejected`."""
    if "for" in given:
        try:
            return now + parse_duration(given["for"])
        except ValueError as error:
            raise Rejected(f"{error}; this came out as {str(given['for'])[:60]!r}.") from None
    text = str(given["until"])
    found = _of_the_clock(text, given.get("zone"), now) or _told(moment_of, text)
    if found - now > LONGEST:
        raise Rejected(f"{text} is more than {LONGEST.days} days away, and no wait is longer.")
    return found


def _of_the_clock(text: str, zone: object, now: datetime) -> datetime | None:
    """The next time that the clocks of a zone show, as 02:00; None when the text is not that."""
    clock = clock_time(text)
    if clock is None:
        return None
    if not isinstance(zone, str):
        raise Rejected(f"{text} is a time of the clock, and no `zone` says where.")
    place = _told(zone_of, zone)
    day = now.astimezone(place).date()
    today = moment(datetime.combine(day, clock), place, second=False)
    return today if today > now else moment(datetime.combine(day + timedelta(days=1), clock), place, second=False)


def _told(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise Rejected(f"{error}.") from None


WAIT = Kind(begin=_begin, next=_next)
