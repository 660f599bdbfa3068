"""A list that is gone through in waves: which wave is on, and what has to be true before the next one begins.

Canary, then batches. After each wave but the last: its check has succeeded, its pause is over, and whoever is asked has
said go on. What has been passed stands in the step's row, so asked twice it answers the same, and whoever goes on with
it, another worker too, is where the last one was.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.durations import parse_duration
from daytwo_actions.definitions.steps.foreach import ASK, ForeachStep
from daytwo_store import principals, tasks
from daytwo_store.engine import Tx
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import Digest, TaskId
from daytwo_store.states import RunState, TaskState
from daytwo_store.tables import RunRow, StepRow, TaskRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.called import (
    CHECK,
    WAVE,
    Item,
    borne,
    budget,
    gone_through,
    lost_of,
    part_of,
)
from daytwo_workflows.life.steps.people import ask_people

_PASSED: Final = "passed"  # waves after which it has gone on
_UNTIL: Final = "pause_until"
_TASK: Final = "task"
_ASKED: Final = "asked"  # what the task is about
_BORNE: Final = "borne"


def in_waves(items: list[Item], given: Mapping[str, JsonValue]) -> list[Item]:
    """The same items with their waves, in order. What another run had done is in none."""
    canary, batch = given.get("canary"), given.get("batch")
    if canary is None and batch is None:
        return items
    total, todo = len(items), [one for one in items if one.get("state") is None]
    sizes = [max(1, part_of(canary, total))] if canary is not None else []
    wave, left = 0, 0
    for place, one in enumerate(todo):
        if left == 0:
            wave = wave + 1 if place else 0
            left = sizes[wave] if wave < len(sizes) else max(1, part_of(batch, total)) if batch is not None else total
        one[WAVE] = wave
        left -= 1
    return items


def waves(calls: Sequence[Item]) -> list[list[Item]]:
    """What is gone through, wave by wave."""
    found: dict[int, list[Item]] = {}
    for one in gone_through(calls):
        wave = one.get(WAVE)
        if isinstance(wave, int):
            found.setdefault(wave, []).append(one)
    return [found[wave] for wave in sorted(found)]


def passed(step: StepRow) -> int:
    value = (step.data or {}).get(_PASSED)
    return value if isinstance(value, int) else 0


def may_begin(step: StepRow, calls: Sequence[Item]) -> list[Item]:
    """What may be asked for now and is not yet: of the wave that is on, and when that is over its check."""
    todo = [one for one in calls if one.get("state") is None and one.get("run") is None]
    if not waves(calls):
        return todo
    now = [one for one in todo if one.get(WAVE) == passed(step)]
    targets = [one for one in now if CHECK not in one]
    if targets or any(one.get("state") is None for one in _of(calls, passed(step)) if CHECK not in one):
        return targets
    return now


def too_many(step: StepRow, calls: Sequence[Item]) -> bool:
    """Have more failed than may? While the canary is on, none may but what somebody has let pass: one that has failed
    has said what it was sent for, however many may fail of the whole list."""
    through = gone_through(calls)
    may = borne(step) if _canary_is_on(step, calls) else budget(step, len(through))
    return len(lost_of(through)) > may


def _canary_is_on(step: StepRow, calls: Sequence[Item]) -> bool:
    return (step.given or {}).get("canary") is not None and passed(step) == 0 and bool(waves(calls))


def over(calls: Sequence[Item]) -> bool:
    """Has everything that is gone through been asked for?"""
    return all(one.get("state") is not None or one.get("run") is not None for one in gone_through(calls))


async def between(life: Life, tx: Tx, run: RunRow, step: StepRow, calls: list[Item]) -> Move | str | None:
    """Nothing goes on, and something is left: what has to be waited for before more of it begins. A reason why it does
    not go on; None: it goes on now."""
    said = await _said(tx, step, calls)
    if said is not None:
        return said
    check = next((one for one in _of(calls, passed(step)) if CHECK in one), None)
    bad = check is not None and check.get("state") not in (None, RunState.SUCCEEDED) and not check.get(_BORNE)
    if bad or too_many(step, calls):
        if (step.given or {}).get("on_too_many") != ASK:
            what = f"{check['key']} is {check['state']}" if bad and check is not None else ""
            return what or ("The canary has failed." if _canary_is_on(step, calls) else "More have failed than may.")
        text = _bad_words(calls, check if bad else None)
        return await _asked(life, tx, run, step, about="failures", text=text)
    if any(one.get("state") is None for one in _of(calls, passed(step))):
        return None  # somebody has let failures pass, and the wave goes on
    pause = (step.given or {}).get("pause")
    if pause == ASK:
        return await _asked(life, tx, run, step, about=f"wave {passed(step) + 1}", text=_done_words(step, calls))
    if isinstance(pause, str):
        until = (step.data or {}).get(_UNTIL)
        if until is None:
            until = (tx.now + parse_duration(pause)).isoformat()
            step.data = {**(step.data or {}), _UNTIL: until}
        left = (datetime.fromisoformat(str(until)) - tx.now).total_seconds()
        if left > 0:
            assert step.due_at is not None
            return Move(what=What.WAIT, seconds=max(0.05, min(left, (step.due_at - tx.now).total_seconds())))
    _pass(step)
    return None


def _of(calls: Sequence[Item], wave: int) -> list[Item]:
    return [one for one in calls if one.get(WAVE) == wave]


def _pass(step: StepRow) -> None:
    left = {key: value for key, value in (step.data or {}).items() if key not in (_UNTIL, _TASK, _ASKED)}
    step.data = {**left, _PASSED: passed(step) + 1}


async def _said(tx: Tx, step: StepRow, calls: list[Item]) -> Move | str | None:
    """What somebody who was asked has said, if anybody was; None: nobody is asked, or they have said go on."""
    row = await _question(tx, step)
    if row is None:
        return None
    match TaskState(row.state):
        case TaskState.OPEN:
            again = tasks.attend(tx, row)
            return Move(what=What.WAIT, seconds=max(0.05, (again - tx.now).total_seconds()))
        case TaskState.DONE:
            _let_on(step, calls)
            return None
        case TaskState.FAILED:
            return f"It does not go on ({await _who(tx, row)}: {row.words})."
        case _:
            return f"What was asked about going on is {row.state}."


async def not_said(tx: Tx, step: StepRow) -> str:
    """The time of the step is over: a sentence where it was somebody's turn to say that it goes on."""
    row = await _question(tx, step)
    if row is None or row.state != TaskState.OPEN:
        return ""
    tasks.end(tx, row, TaskState.EXPIRED)
    return "Nobody said in time that it goes on."


async def _question(tx: Tx, step: StepRow) -> TaskRow | None:
    asked = (step.data or {}).get(_TASK)
    if asked is None:
        return None
    row = await tasks.get(tx.session, TaskId(str(asked)))
    assert row is not None, "who was asked was asked by a task"
    return row


def _let_on(step: StepRow, calls: list[Item]) -> None:
    """Somebody says go on: what has failed by now is borne, or the wave is passed."""
    data = dict(step.data or {})
    about = data.pop(_ASKED, None)
    data.pop(_TASK, None)
    step.data = data
    if about != "failures":
        _pass(step)
        return
    for one in calls:
        if CHECK in one and one.get(WAVE) == passed(step) and one.get("state") is not None:
            one[_BORNE] = True
    data["calls"] = [dict(one) for one in calls]
    step.data = {**data, _BORNE: len(lost_of(gone_through(calls)))}


async def _asked(life: Life, tx: Tx, run: RunRow, step: StepRow, *, about: str, text: str) -> Move | str:
    """Who is asked is looked up now; a reason why the step does not go on, where that cannot be worked out."""
    version = await life.definitions.of_run(tx.session, Digest(run.version))
    model = next(one for one in version.model.spec.steps if one.id == step.path)
    assert isinstance(model, ForeachStep)
    assert model.with_.ask is not None, "checked when the definition was registered"
    assert step.due_at is not None
    try:
        row = await ask_people(life, tx, run, step, model.with_.ask, text=text, ends_at=step.due_at)
    except DaytwoError as error:
        return f"Nobody could be asked whether it goes on: {error.detail}"
    step.data = {**(step.data or {}), _TASK: row.id, _ASKED: about}
    return Move(what=What.WAIT, seconds=max(0.05, (tasks.attend(tx, row) - tx.now).total_seconds()))


async def _who(tx: Tx, row: TaskRow) -> str:
    who = (await principals.by_ids(tx.session, [row.settled_by or ""])).get(row.settled_by or "")
    return who.name if who else "somebody"


def _done_words(step: StepRow, calls: Sequence[Item]) -> str:
    every, number = waves(calls), passed(step)
    good = len(every[number]) - len(lost_of(every[number]))
    return (
        f"Wave {number + 1} of {len(every)} is over: {good} of {len(every[number])} have succeeded. Look at them, and "
        f"say that it goes on with the next {len(every[number + 1])}. Or say why it does not."
    )


def _bad_words(calls: Sequence[Item], check: Item | None) -> str:
    through = gone_through(calls)
    lost = lost_of(through)
    left = sum(one.get("state") is None for one in through)
    named = ", ".join(str(one["key"]) for one in lost[:5]) + (" …" if len(lost) > 5 else "")
    what = f"{check['key']} is {check['state']}." if check is not None else ""
    failed = f"{len(lost)} of {len(through)} have failed{f' ({named})' if lost else ''}."
    return " ".join([what, failed, f"Does it go on with the {left} that are left? Or say why not."]).strip()
