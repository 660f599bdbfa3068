"""`action` and `foreach`: other runs, linked with this one. What they are asked for is worked out once, when it begins.

A run is asked for in the name of who asked for this one, under a key that its item gives: asked for twice it is the
same run. It is accepted only while this run, held meanwhile, goes on.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.steps.foreach import MOST_ITEMS
from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.sealed_targets import SEALED
from daytwo_store import runs, tasks
from daytwo_store.engine import Tx
from daytwo_store.errors import Rejected
from daytwo_store.ids import AttemptNo, PrincipalId, RunId, StepPath
from daytwo_store.outputs import OutputsSource
from daytwo_store.runs import CalledRun
from daytwo_store.states import RUN_ENDS, UNSENT, RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.interventions import ask_to_stop
from daytwo_workflows.life.steps.called import (
    CHECK,
    WAVE,
    Item,
    asked_for,
    budget,
    gone_through,
    lost_of,
    note,
)
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.kind import Kind
from daytwo_workflows.life.steps.leaving import leave
from daytwo_workflows.life.steps.results import missing
from daytwo_workflows.life.steps.room import no_room
from daytwo_workflows.life.steps.scene import context_now
from daytwo_workflows.life.steps.waves import between, in_waves, may_begin, not_said, over, too_many, waves

_FIRST: Final = AttemptNo(1)
_LOOK_ANYWAY: Final = timedelta(hours=1)
_LONGEST_KEY: Final = 200


def key_of(step: StepRow, item: Item) -> str:
    """The Idempotency-Key of the run of an item. Nobody else can guess it; one of before has no `token`."""
    if "token" in item:
        return f"call-{item['token']}"
    named = hashlib.sha256(str(item["key"]).encode()).hexdigest()[:32]
    return f"call {step.run_id} {step.path} {named}"


def items_of(
    given: Mapping[str, JsonValue], context: Mapping[str, JsonValue], entity: str | None, evaluator: Evaluator
) -> list[Item]:
    """What each run is asked for with. Raises `Rejected`."""
    sealed = given.get(SEALED)
    if isinstance(sealed, list):
        return [_item(str(one["key"]), one["entity"], one["inputs"]) for one in sealed if isinstance(one, dict)]
    if "items" not in given:
        return [_item("", given.get("entity", entity), given.get("inputs", {}))]
    items = given["items"]
    if not isinstance(items, list):
        raise Rejected("`items` came out as no list.")
    if len(items) > MOST_ITEMS:
        raise Rejected(
            f"These are {len(items)} items, and {MOST_ITEMS} are the most. Choose fewer, or split them over several "
            "runs."
        )
    templates = {key: parse_template(given[key]) for key in ("key", "entity", "inputs") if key in given}
    templates.setdefault("key", parse_template("${{ item }}"))
    found = list[Item]()
    for number, item in enumerate(items, 1):
        seen = {**context, "item": item}
        try:
            made = {key: evaluator.evaluate(template, seen) for key, template in templates.items()}
        except ExpressionError as error:
            raise Rejected(f"Item {number} cannot be worked out: {error.detail}") from error
        found.append(_item(_named(made["key"], number), made.get("entity", entity), made.get("inputs", {})))
    names = Counter(str(one["key"]) for one in found)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise Rejected(f"Two items are named {twice[:60]!r}. Give each a `key` that none other has.")
    return found


def _item(key: str, entity: JsonValue, inputs: JsonValue) -> Item:
    inputs = inputs if isinstance(inputs, dict) else {}
    return {"key": key, "entity": entity, "inputs": inputs, "token": secrets.token_urlsafe(24)}


def _named(value: JsonValue, number: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not 0 < len(str(value)) <= _LONGEST_KEY:
        raise Rejected(f"Item {number} has no `key`: it is a text of at most {_LONGEST_KEY} characters.")
    return str(value)


async def begin(life: Life, tx: Tx, run: RunRow, step: StepRow) -> None:
    """Raises `Rejected` for what cannot be asked for."""
    given = step.given or {}
    steps = await runs.steps(tx.session, RunId(run.id))
    each = "items" in given or "check" in given
    context = await context_now(life, tx.session, run, steps) if each else {}
    evaluator = Evaluator(missing=missing(steps))
    items = items_of(given, context, run.entity, evaluator)
    items = in_waves(await _without_done(tx, run, step, items), given)
    note(step, [*items, *_checks(given, items, context, run.entity, evaluator)])
    step.given = {key: value for key, value in given.items() if key != SEALED}  # it stands in the plan, and as calls
    step.due_at = tx.now + timedelta(seconds=step.timeout)


def _checks(
    given: Mapping[str, JsonValue],
    items: Sequence[Item],
    context: Mapping[str, JsonValue],
    entity: str | None,
    evaluator: Evaluator,
) -> list[Item]:
    """What is run after each wave but the last. Raises `Rejected`."""
    asked, every = given.get("check"), waves(items)
    if not isinstance(asked, dict):
        return []
    found = list[Item]()
    for number, wave in enumerate(every[:-1]):
        about_it: dict[str, JsonValue] = {"number": number + 1, "keys": [one["key"] for one in wave]}
        seen = {**context, "item": about_it}
        try:
            inputs = evaluator.evaluate(parse_template(asked.get("inputs", {})), seen)
            about = evaluator.evaluate(parse_template(asked["entity"]), seen) if "entity" in asked else entity
        except ExpressionError as error:
            raise Rejected(f"The check after wave {number + 1} cannot be worked out: {error.detail}") from error
        item = _item(f"check after wave {number + 1}", about, inputs)
        found.append({**item, WAVE: number, CHECK: str(asked["action"])})
    return found


async def _without_done(tx: Tx, run: RunRow, step: StepRow, items: list[Item]) -> list[Item]:
    """Of a run that goes on where another one ended: what had succeeded there, and is asked for alike, is done."""
    resumes = Plan.model_validate_json(run.plan).resumes if run.resume_of is not None else None
    if resumes is None or step.path not in resumes.items:
        return items
    before = await runs.step(tx.session, RunId(resumes.run), StepPath(step.path))
    done = {str(one["key"]): one for one in asked_for(before) if one["key"] in resumes.items[step.path]}
    for one in items:
        old = done.get(str(one["key"]))
        if old is not None and (old["entity"], old["inputs"]) == (one["entity"], one["inputs"]):
            one["run"], one["state"] = old["run"], old["state"]
    return items


async def _next(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    assert step.due_at is not None
    calls, children = await _looked(tx, step)
    late = tx.now >= step.due_at
    if late:
        for child in children:
            await _stop_one(tx, child, run, f"its time in run {run.id} is over")
        calls, children = await _looked(tx, step)
    going_on = [one for one in children if one.state not in RUN_ENDS]
    stopped = late or bool((step.data or {}).get("closing"))
    todo = [] if stopped or too_many(step, calls) else may_begin(step, calls)
    if todo and len(going_on) < _at_once(step):
        return await _next_one(life, tx, step, calls)
    if going_on:
        left = step.due_at - tx.now
        if left <= timedelta(0) or left > _LOOK_ANYWAY:
            left = _LOOK_ANYWAY  # what has been asked to stop wakes us when it ends
        return Move(what=What.WAIT, seconds=left.total_seconds())
    why = await _why_not_begun(tx, step, late=late)
    if not stopped and not over(calls):
        found = await between(life, tx, run, step, calls)
        if found is None:
            return await _next(life, tx, run, step)
        if isinstance(found, Move):
            return found
        why = found
    await _over(life, tx, step, calls, children, why)
    return None


async def _why_not_begun(tx: Tx, step: StepRow, *, late: bool) -> str:
    """What kept the next from beginning; a sentence, or nothing."""
    data = step.data or {}
    held = str(data.get("held") or "")
    return held if not late else await not_said(tx, step) or held or str(data.get("no_room") or "")


async def _next_one(life: Life, tx: Tx, step: StepRow, calls: list[Item]) -> Move:
    """Begin it, or wait: because that has just failed, or, of a list, for room on its connection, which it says."""
    again = (step.data or {}).get("again_at")
    if again and (then := datetime.fromisoformat(str(again))) > tx.now:
        return _until(tx, step, then)
    full = await no_room(life, tx.session, str((step.given or {})["action"]), tx.now) if step.kind != "action" else None
    step.note = full.why if full is not None else None
    if full is not None:
        note(step, calls, no_room=full.why)
        return _until(tx, step, full.until)
    note(step, calls, again_at=None, held=None, no_room=None)
    return Move(what=What.ACT, path=StepPath(step.path), attempt=_FIRST)


def _until(tx: Tx, step: StepRow, then: datetime) -> Move:
    """But not past the end of its time."""
    assert step.due_at is not None
    return Move(what=What.WAIT, seconds=max(1.0, (min(then, step.due_at) - tx.now).total_seconds()))


async def _over(life: Life, tx: Tx, step: StepRow, asked: list[Item], children: Sequence[CalledRun], why: str) -> None:
    """Nothing of it goes on. `why`: the reason when that is not how it was to end."""
    await tasks.withdraw(tx, RunId(step.run_id), {step.path})
    calls = gone_through(asked)
    lost, never = lost_of(calls), [one for one in calls if one.get("state") is None]
    if never or len(lost) > budget(step, len(calls)):
        fail(tx, step, f"{f'{why} ' if why else ''}{_failed(step, calls, lost, never)}")
        return
    good = [str(one["key"]) for one in calls if one.get("state") == RunState.SUCCEEDED]
    found: JsonValue = {"succeeded": list(good), "failed": [str(one["key"]) for one in lost]}
    if step.kind == "action":
        found = {}
        for child in children:
            for one in await runs.steps(tx.session, child.id):
                found.update(one.outputs or {})
    wrong = leave(life, tx, step, found, OutputsSource.RUN)
    if wrong is not None:
        fail(tx, step, f"What it called has succeeded, but {wrong}")
        return
    told = "what it called has succeeded" if step.kind == "action" else ""
    runs.move_step(tx, step, StepState.SUCCEEDED, note=told or f"{len(good)} of {len(calls)} have succeeded")


def _failed(step: StepRow, calls: Sequence[Item], lost: Sequence[Item], never: Sequence[Item]) -> str:
    if step.kind == "action":
        one = calls[0]
        if one.get("run") is None:
            return f"{one.get('note') or 'It was not begun in time.'}"
        return f"The run that it called is {one['state']}; its page says why."
    first = ", ".join(f"{one['key']} ({_short(one)})" for one in lost[:3])
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    unbegun = f" {len(never)} were not begun." if never else ""
    return f"{len(lost)} of {len(calls)} have failed{': ' if first else ''}{first}{more}.{unbegun}"


def _short(item: Item) -> str:
    """Why a run was not begun; of one that was, its own page says it, to who may see that."""
    return str(item.get("note") if item.get("run") is None else item.get("state"))


async def _looked(tx: Tx, step: StepRow) -> tuple[list[Item], Sequence[CalledRun]]:
    """What became of each, written down; and the runs that there are."""
    calls = asked_for(step)
    children = await runs.called(tx.session, RunId(step.run_id), StepPath(step.path))
    by_key = {child.key: child for child in children}
    for one in calls:
        child = by_key.get(key_of(step, one))
        if child is None:
            continue
        one["run"] = child.id
        if child.state in RUN_ENDS:
            one["state"], one["note"] = child.state, child.reason
    note(step, calls)
    return calls, children


async def _stop_one(tx: Tx, child: CalledRun, run: RunRow, why: str) -> bool:
    """Once. What undoes itself has stopped, and is let come to its end. Does it still go on?"""
    if child.state in RUN_ENDS:
        return False
    row = await runs.hold(tx, child.id)
    if RunState(row.state) not in RUN_ENDS and row.cancel_at is None and row.undoing is None:
        await ask_to_stop(tx, row, by=PrincipalId(run.cancel_by or "daytwo"), reason=why, force=run.cancel_forced)
        await tx.session.flush()
    return RunState(row.state) not in RUN_ENDS


async def _stop(_life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | str:
    """What it called is stopped as well, and waited for."""
    _, children = await _looked(tx, step)
    left = [one for one in children if await _stop_one(tx, one, run, f"run {run.id}, which called it, is stopped")]
    if left and not run.cancel_forced:
        return Move(what=What.WAIT, seconds=60)
    await _looked(tx, step)
    await tasks.withdraw(tx, RunId(run.id), {step.path})
    runs.move_step(tx, step, StepState.CANCELLED, note="stopped, with what it called" if children else "stopped")
    return ""


async def closing(tx: Tx, run: RunRow, step: StepRow) -> bool:
    """Another step has failed: none begins any more, what has not begun is stopped. Does something go on?"""
    calls, children = await _looked(tx, step)
    note(step, calls, closing=True)
    await tasks.withdraw(tx, RunId(run.id), {step.path})
    on = [child for child in children if child.state not in RUN_ENDS]
    unsent = [child for child in on if child.state in UNSENT]
    why = f"another step of run {run.id} has failed"
    return len([one for one in unsent if await _stop_one(tx, one, run, why)]) + len(on) > len(unsent)


def _at_once(step: StepRow) -> int:
    value = (step.given or {}).get("at_once", 1)
    return value if isinstance(value, int) else 1


CALL = Kind(begin=begin, next=_next, stop=_stop, outside=True)
