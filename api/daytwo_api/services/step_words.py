"""What a step of a kind of its own waits for, in words: by kind, in one table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.voices import listed
from daytwo_api.services.moments import moment
from daytwo_api.services.words import approval_words
from daytwo_api.views.runs import Waits
from daytwo_store.on_call import called
from daytwo_store.states import RunState
from daytwo_store.tables import ApprovalRow, StepRow


def step_waits(step: StepRow) -> Waits | None:
    """Of a step that has begun and is no dispatch; None when nothing is waited for."""
    words = _WORDS.get(step.kind)
    return words(step) if words is not None else None


def several(steps: Sequence[StepRow], each: Sequence[Waits]) -> Waits:
    """Of steps that go on side by side: each in a few words; the owner and the time are those of what comes first."""
    if all(one == each[0] for one in each):  # what holds the run back holds all of them back
        return each[0]
    first = min(each, key=lambda one: (one.until is None, one.until))
    names = ", ".join(step.path for step in steps)
    return first.model_copy(
        update={
            "kind": "steps",
            "url": None,
            "text": f"{len(each)} steps go on ({names}): " + "; ".join(one.text for one in each),
        }
    )


def decision_waits(row: ApprovalRow, deciders: Sequence[str]) -> Waits:
    """A step waits for people to decide."""
    return Waits(
        kind="approval",
        text=f"{approval_words(row, deciders)}; then the step fails",
        owner=" or ".join(called(name) for name in row.needed_from),
        next_event="a decision",
        until=row.expires_at,
        then="the step fails",
    )


def _check(step: StepRow) -> Waits | None:
    data = step.data or {}
    until = step.started_at + timedelta(seconds=step.timeout) if step.started_at else None
    since = data.get("since")
    holds = f"it has held since {moment(datetime.fromisoformat(str(since)))}" if since else f"{data.get('last', '')}"
    return Waits(
        kind="check",
        text=f"waits until it holds; {holds}",
        owner="daytwo",
        next_event="the next look",
        until=until,
        then="the step fails",
    )


def _http(step: StepRow) -> Waits | None:
    given = step.given or {}
    last = (step.data or {}).get("last")
    return Waits(
        kind="service",
        text=f"waits for {given.get('service')}" + (f"; the last time: {last}" if last else ""),
        owner=str(given.get("service")),
        next_event="its answer",
        until=step.started_at + timedelta(seconds=step.timeout) if step.started_at else None,
        then="the step fails, or a person is asked what happened",
    )


def _wait(step: StepRow) -> Waits | None:
    if step.due_at is None:
        return None
    given = step.given or {}
    event = given.get("event")
    if isinstance(event, dict):
        return Waits(
            kind="event",
            text=f"waits for an event of {event['source']} about {event['key']} until {moment(step.due_at)}",
            owner=str(event["source"]),
            next_event="the event",
            until=step.due_at,
            then="the step fails",
        )
    if "window" in given:
        return Waits(
            kind="window",
            text=f"waits until no freeze holds it back, at most until {moment(step.due_at)}",
            owner="daytwo",
            next_event="the window opens",
            until=step.due_at,
            then="the step fails",
        )
    return Waits(
        kind="timer",
        text=f"waits until {moment(step.due_at)}",
        owner="daytwo",
        next_event="the time comes",
        until=step.due_at,
        then="it goes on by itself",
    )


def _people(step: StepRow) -> Waits | None:
    data = step.data or {}
    entries = data.get("from")
    asked = [str(one) for one in entries] if isinstance(entries, list) else []
    due, who, escalates = str(data.get("due_at")), data.get("claimed_by"), bool(data.get("escalates"))
    late = "others are asked, too" if escalates else "the step fails"
    does = "to fill it in" if step.kind == "input" else "to do it"
    text = f"waits for {who or listed(asked)} {does}, due {moment(datetime.fromisoformat(due))}; then {late}"
    if data.get("nobody"):
        text = f"nobody can do it: no person of the catalog is one of {listed(asked)}. Add one, or stop the run"
    return Waits(
        kind="task",
        text=text,
        owner=str(who) if who else listed(asked),
        next_event="somebody does it",
        until=step.due_at,
        then="the step fails",
        url=f"/tasks/{data['task']}" if "task" in data else None,
    )


def _calls(step: StepRow) -> Waits | None:
    calls = (step.data or {}).get("calls")
    items = [one for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []
    over = sum(one.get("state") is not None for one in items)
    going_on = sum(one.get("run") is not None and one.get("state") is None for one in items)
    text = f"waits for {going_on} runs that it called; {over} of {len(items)} have ended{_held(step)}"
    through = [one for one in items if "check" not in one]
    waves = {one["wave"] for one in through if isinstance(one.get("wave"), int)}
    if len(waves) > 1:
        return _waves(step, through, len(waves))
    if step.kind == "action":
        text = "waits for the run that it called" if going_on else f"calls another action{_held(step)}"
    return Waits(
        kind="call",
        text=text,
        owner="daytwo",
        next_event="what it called ends",
        until=step.due_at,
        then="what it called is stopped, and the step fails",
    )


def _held(step: StepRow) -> str:
    """Why the next is not begun yet."""
    why = (step.data or {}).get("held")
    return f"; the next is not begun, and is tried again: {why}" if why else ""


def _waves(step: StepRow, items: Sequence[Mapping[str, JsonValue]], waves: int) -> Waits:
    data = step.data or {}
    passed, until, task = data.get("passed"), data.get("pause_until"), data.get("task")
    number = min(passed if isinstance(passed, int) else 0, waves - 1) + 1
    over = sum(one.get("state") is not None for one in items)
    bad = sum(one.get("state") not in (None, RunState.SUCCEEDED) for one in items)
    failed = f", {bad} of them not well" if bad else ""
    text = f"wave {number} of {waves}; {over} of {len(items)} have ended{failed}{_held(step)}"
    owner, event, then = "daytwo", "what it called ends", "what it called is stopped, and the step fails"
    if task is not None:
        text, owner = f"{text}; waits for somebody to say that it goes on", "whom it asks"
        event, then = "somebody says go on, or why not", "the step fails"
    elif until is not None:
        moment_of = datetime.fromisoformat(str(until))
        text, event = f"{text}; pauses until {moment(moment_of)}", "the pause is over"
    return Waits(
        kind="call",
        text=text,
        owner=owner,
        next_event=event,
        until=step.due_at,
        then=then,
        url=f"/tasks/{task}" if task is not None else None,
    )


def _temporary(step: StepRow) -> Waits | None:
    if step.due_at is None:
        return None
    return Waits(
        kind="timer",
        text=f"lasts until {moment(step.due_at)}; then it is taken back",
        owner="daytwo",
        next_event="its end, or somebody gives it back",
        until=step.due_at,
        then="what the run has done is undone",
    )


_WORDS: Final[Mapping[str, Callable[[StepRow], Waits | None]]] = {
    "action": _calls,
    "check": _check,
    "foreach": _calls,
    "http": _http,
    "input": _people,
    "task": _people,
    "temporary": _temporary,
    "wait": _wait,
}
