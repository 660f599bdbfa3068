"""The undo of a run that has failed or was cancelled: part of its own plan, so nobody has to approve it again.

It begins when all steps are over. What has taken effect is taken back in reverse order, one thing at a time, each by a
step of its own with everything that steps have: it is sealed, sent once, followed, kept. `run.undoing` says how the run
would have ended, and how it ends now. What fails in here is never passed over: a person is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from daytwo_actions.definitions.steps.common import Effect
from daytwo_actions.plan.model import Plan
from daytwo_actions.recovery import Choice
from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId
from daytwo_store.states import STEP_ENDS, RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.agreements import MOVED
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import truthful
from daytwo_workflows.life.leases import is_lease, lasts
from daytwo_workflows.life.locking import take_again
from daytwo_workflows.life.sending import let
from daytwo_workflows.life.steps.begin import begin
from daytwo_workflows.life.steps.table import KINDS
from daytwo_workflows.life.undo_stack import push, stack, staying, took_effect, unconfirmed
from daytwo_workflows.life.window import all_is_stopped

log = structlog.get_logger()
LEFT: Final = "left"  # in the data of an undo that has failed: somebody has said that it stays so
_ASKED: Final = Move(what=What.WAIT, seconds=timedelta(hours=1).total_seconds())
_FIRST_PAUSE: Final = timedelta(minutes=2)  # before what was there for a time is tried to be taken back again, then
_LONGEST_PAUSE: Final = timedelta(hours=1)  # twice as long each time up to this, until it is done
_TRIES: Final = 6  # more than these have failed, within two hours: an alarm
_ALARMS: Final = 24  # tries from one alarm to the next: a day
_LOST: Final = (StepState.FAILED, StepState.CANCELLED)


class Phase(StrEnum):
    ASK = "ask"  # a person says whether it is undone
    UNDO = "undo"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a run ends whose steps are over."""

    state: RunState
    reason: str | None
    actor: str = "daytwo"


async def end_or_undo(life: Life, tx: Tx, run: RunRow, steps: Sequence[StepRow], ending: Ending) -> Move:
    """The steps of a held run are over, and not well: it ends, or what they have done is undone first.

    Not where a person has ended it by force: what was started may still be running.
    """
    plan = Plan.model_validate_json(run.plan)
    every = await stack(tx.session, plan, steps)
    able = await _begins(tx, run, plan, every)
    if not able or plan.on_error == "stop":
        stays = every if lasts(plan) else able
        return await _end(tx, run, ending, [_could_be(stays)] if stays else [])
    run.undoing = {"phase": plan.on_error, "ends": ending.state, "reason": ending.reason, "by": ending.actor}
    run.cancel_at = run.cancel_by = run.cancel_reason = None  # it has stopped; what comes now can be stopped again
    if plan.on_error == "ask":
        said = f"{_could_be(able)} Say whether it is undone now, or stays as it is."
        runs.move(tx, run, RunState.NEEDS_ATTENTION, reason=_joined(ending.reason, said))
        return _ASKED
    await start(tx, run, actor="daytwo")
    return await next_of_undoing(life, tx, run)


async def _begins(tx: Tx, run: RunRow, plan: Plan, able: Sequence[StepRow]) -> list[StepRow]:
    """What of it is undone now. Force leaves what may still be running; what was done for a time is taken back."""
    if not run.cancel_forced:
        return list(able)
    return [step for step in able if not await unconfirmed(tx.session, step)] if lasts(plan) else []


async def start(tx: Tx, run: RunRow, *, actor: str) -> None:
    """Of a held run of which `run.undoing` is known: what undoes it is written down, in its order."""
    assert run.undoing is not None
    plan, steps = Plan.model_validate_json(run.plan), list(await runs.steps(tx.session, RunId(run.id)))
    able = await _begins(tx, run, plan, await stack(tx.session, plan, steps))
    for step in able:
        planned = plan.undo_of(step.path)
        assert planned is not None, "only what has an undo is on the stack"
        steps.append(push(tx, planned, step, steps))
    run.undoing = {**run.undoing, "phase": Phase.UNDO}
    facts = {"steps": ", ".join(step.path for step in able)}
    tx.audit(actor=actor, action="run.undoing", subject=f"run:{run.id}", facts=facts)
    runs.move(tx, run, RunState.RUNNING, actor=actor)
    run.reason = _joined(_reason(run), "What it has done is being undone.")
    await tx.session.flush()


async def next_of_undoing(life: Life, tx: Tx, run: RunRow) -> Move:
    """The next move of a held run whose steps are over and that has not ended."""
    assert run.undoing is not None
    if run.undoing["phase"] == Phase.ASK:
        return _ASKED
    steps = await runs.steps(tx.session, RunId(run.id))
    if run.lock_taken_at is not None and is_lease(run) and _begins_next(steps):
        waits = await take_again(life, tx, run)
        if waits is not None:
            return waits
    for step in chain(steps):
        move = await _next(life, tx, run, step, steps)
        if move is not None:
            return move
    return await _end(tx, run, _ending(run), [await told(tx, run, steps)])


async def _next(life: Life, tx: Tx, run: RunRow, step: StepRow, steps: Sequence[StepRow]) -> Move | None:
    """Of one thing that undoes another; None when it is done, or left as it is."""
    if StepState(step.state) not in STEP_ENDS:
        if run.state != RunState.NEEDS_ATTENTION or step.state != StepState.HELD:
            runs.move(tx, run, RunState.RUNNING, reason=run.reason)
        if step.state == StepState.PENDING:
            if KINDS[step.kind].writes and (stopped := await all_is_stopped(tx, run)) is not None:
                return stopped
            await begin(life, tx, run, step, steps)
    if StepState(step.state) not in STEP_ENDS:
        move = await let(tx, run, step, await KINDS[step.kind].next(life, tx, run, step))
        if move is not None:
            return move
    if not is_stuck(step):
        return None
    at = await _again_at(tx, run, step, steps)
    if at is not None and tx.now >= at:
        facts = {"choice": str(Choice.AGAIN)}
        tx.audit(actor="daytwo", action="run.undo_choice", subject=f"run:{run.id}", facts=facts)
        again(tx, run, step, steps)
        await tx.session.flush()
        return await next_of_undoing(life, tx, run)
    return _stuck(tx, run, step, at, tries=_tries(step, steps))


def _begins_next(steps: Sequence[StepRow]) -> bool:
    """Is the next of what undoes something yet to begin?"""
    next_one = next((one for one in chain(steps) if one.state not in STEP_ENDS or is_stuck(one)), None)
    return next_one is not None and next_one.state == StepState.PENDING


async def _again_at(tx: Tx, run: RunRow, step: StepRow, steps: Sequence[StepRow]) -> datetime | None:
    """When it is tried again without anybody having said so: what was there for a time, for as long as it takes.

    Not what is done once at most and may have been done, nor what cannot be worked out, nor where something has changed
    to which somebody would have to agree.
    """
    plan = Plan.model_validate_json(run.plan)
    planned = plan.undo_of(str(step.undoes))
    if not lasts(plan) or planned is None or step.state != StepState.FAILED or step.ended_at is None:
        return None
    unworkable = bool(planned.late) and step.given is None
    if unworkable or MOVED in (step.data or {}):
        return None
    once = planned.effect == Effect.ONCE or (planned.kind == "http" and planned.effect is None)
    if once and await took_effect(tx.session, step):
        return None
    doublings = min(_tries(step, steps) - 1, _TRIES)
    pause: timedelta = min(_FIRST_PAUSE * 2**doublings, _LONGEST_PAUSE)
    return step.ended_at + pause


def _tries(step: StepRow, steps: Sequence[StepRow]) -> int:
    """How often it was tried to undo the same."""
    return sum(one.undoes == step.undoes for one in steps)


def again(tx: Tx, run: RunRow, failed: StepRow, steps: Sequence[StepRow]) -> StepRow:
    """Another try at undoing the same."""
    planned = Plan.model_validate_json(run.plan).undo_of(str(failed.undoes))
    assert planned is not None, "what was tried once has a plan"
    return push(tx, planned, next(step for step in steps if step.path == failed.undoes), steps)


async def give_up(tx: Tx, run: RunRow) -> Move:
    """Somebody has stopped the undo, or said that nothing is undone."""
    steps = await runs.steps(tx.session, RunId(run.id))
    return await _end(tx, run, _ending(run), [await told(tx, run, steps)])


def chain(steps: Sequence[StepRow]) -> list[StepRow]:
    """What undoes each step, in the order in which that is done; of several tries the last."""
    last: dict[str, StepRow] = {}
    for step in steps:
        if step.undoes is not None:
            last[step.undoes] = step  # a dict keeps the place of the first
    return list(last.values())


def is_stuck(step: StepRow) -> bool:
    return step.state in _LOST and LEFT not in (step.data or {})


def _stuck(tx: Tx, run: RunRow, step: StepRow, at: datetime | None, *, tries: int) -> Move:
    """`at`: when it is tried again by itself."""
    said = (
        f"Undoing {step.undoes} has failed: {step.note or 'it was stopped'} Nothing else is undone before somebody has "
        "said whether it is tried again, or left as it is."
    )
    if at is not None and tries > _TRIES:
        said = f"{said} It has failed {tries} times, and what was for a time still stands: somebody has to see to it."
    if at is not None:
        said = f"{said} It is tried again by itself at {at:%H:%M} UTC."
    reason = _joined(_reason(run), said)
    if at is not None and tries > _TRIES and run.state != RunState.NEEDS_ATTENTION:
        log.error("undo.stands", run=run.id, step=step.path, count=tries)
    runs.move(tx, run, RunState.NEEDS_ATTENTION, reason=reason, told=at is None or is_told(tries))
    run.reason = reason
    return _ASKED if at is None else Move(what=What.WAIT, seconds=max(0.05, (at - tx.now).total_seconds()))


def is_told(tries: int) -> bool:
    """Of so many tries that have failed, are its people told of the last one?"""
    return tries <= _TRIES or (tries - _TRIES) % _ALARMS == 1


async def told(tx: Tx, run: RunRow, steps: Sequence[StepRow]) -> str:
    """What was undone, and what was not: nothing is left out."""
    plan, each = Plan.model_validate_json(run.plan), chain(steps)
    undone = [str(one.undoes) for one in each if one.state == StepState.SUCCEEDED]
    able = [step.path for step in await stack(tx.session, plan, steps)]
    not_undone = [path for path in able if path not in undone]
    stays = await staying(tx.session, plan, steps)
    return " ".join(
        [
            *([f"Undone: {', '.join(undone)}."] if undone else []),
            *([f"Not undone: {', '.join(not_undone)}."] if not_undone else []),
            *([f"What cannot be undone stays: {', '.join(stays)}."] if stays else []),
        ]
    )


def _could_be(able: Sequence[StepRow]) -> str:
    return f"What {', '.join(step.path for step in able)} did stays; it can be undone."


def _ending(run: RunRow) -> Ending:
    kept = run.undoing or {}
    return Ending(state=RunState(str(kept["ends"])), reason=_reason(run), actor=str(kept["by"]))


def _reason(run: RunRow) -> str | None:
    kept = (run.undoing or {}).get("reason")
    return str(kept) if kept else None


async def _end(tx: Tx, run: RunRow, ending: Ending, more: Sequence[str]) -> Move:
    reason = _joined(ending.reason, *more)
    await runs.end(tx, run, ending.state, reason=truthful(run, reason) if reason else None, actor=ending.actor)
    return Move(what=What.END)


def _joined(*parts: str | None) -> str | None:
    return " ".join(part for part in parts if part) or None
