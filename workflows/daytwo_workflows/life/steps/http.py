"""`http`: one request to a service. What changes something there is an attempt, sealed and claimed as a dispatch is.

What becomes of it when no answer comes is a matter of its effect: a `read` and an `idempotent` one are sent again, with
the same key; a `checkable` one is looked for; one that is `once` waits for a person.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.steps.common import Effect
from daytwo_actions.services.address import must_be_path
from daytwo_actions.services.headers import must_be_headers
from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState, StepState
from daytwo_store.tables import AttemptRow, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.dispatch_stop import stopped
from daytwo_workflows.life.steps.failing import fail, hold
from daytwo_workflows.life.steps.first_key import key_run
from daytwo_workflows.life.steps.kind import Kind

_PAUSE: Final = timedelta(seconds=5)  # at least, between two requests of which nobody knows
_LONGEST_PAUSE: Final = timedelta(minutes=1)
KEY_RUN: Final = "key_run"  # in what a step of a resumed run was given: the run whose key it goes by
UNKNOWN: Final = (AttemptState.SENT, AttemptState.AMBIGUOUS)


def by_request(attempt: AttemptRow) -> bool:
    """Is it an attempt of this kind? Then there is no run in a CI system that anybody could name."""
    return attempt.request.get("kind") == "http"


def done_by_word(tx: Tx, step: StepRow) -> None:
    """A person has found out that it was carried out. What was answered, nobody knows."""
    if step.results:
        missing = ", ".join(step.results)
        fail(
            tx,
            step,
            f"It was done, as somebody has found out, but what later steps need of its answer is lost: {missing}.",
        )
    else:
        runs.move_step(tx, step, StepState.SUCCEEDED, note="done, as somebody has found out")


async def _begin(_life: Life, tx: Tx, run: RunRow, step: StepRow) -> None:
    step.due_at, step.data = tx.now, {"last": None}
    if effect_of(step) is Effect.IDEMPOTENT and run.resume_of is not None and step.undoes is None:
        step.given = {**(step.given or {}), KEY_RUN: await key_run(tx.session, run, step.path)}
    must_be_safe(step.given or {})
    probe = (step.given or {}).get("probe")
    if isinstance(probe, dict):
        must_be_path(str(probe["path"]))


def must_be_safe(asked: Mapping[str, JsonValue]) -> None:
    """A filled request of an `http` or `check` step. Raises `Rejected` before anything is sent."""
    must_be_path(str(asked["path"]))
    headers = asked.get("headers") or {}
    assert isinstance(headers, dict)
    must_be_headers({name: str(value) for name, value in headers.items()}, token=False)


def effect_of(step: StepRow) -> Effect:
    return Effect(str((step.given or {})["effect"]))


async def _next(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    assert step.started_at is not None
    late = tx.now >= step.started_at + timedelta(seconds=step.timeout)
    if effect_of(step) is Effect.READ:
        return _read(tx, step, late=late)
    tries = await attempts.of_step(tx.session, RunId(run.id), StepPath(step.path))
    last = tries[-1] if tries else None
    if last is not None and last.state in UNKNOWN:
        return unknown(life, tx, run, step, last)
    if last is not None and last.state == AttemptState.HELD:
        return hold(tx, run, step, last.note)
    if step.due_at is not None and step.due_at > tx.now:  # what it is sealed with cannot be looked at now
        return Move(what=What.WAIT, seconds=(step.due_at - tx.now).total_seconds())
    if last is None or last.state == AttemptState.INTENT:
        return _about(What.ACT, step, last.no if last else 1)
    return _again(life, tx, step, tries, late=late)


def _read(tx: Tx, step: StepRow, *, late: bool) -> Move | None:
    assert step.due_at is not None
    if late:
        return fail(tx, step, f"It was not answered as expected in time. The last time: {(step.data or {})['last']}.")
    if tx.now >= step.due_at:
        return _about(What.LOOK, step, 1)
    return Move(what=What.WAIT, seconds=(step.due_at - tx.now).total_seconds())


def unknown(life: Life, tx: Tx, run: RunRow, step: StepRow, last: AttemptRow) -> Move:
    """It was sent, and nobody knows what came of it. Whoever is to go on with it asks this first, with the run held."""
    quiet = _quiet(life, last)
    alone = effect_of(step) is not Effect.ONCE and run.lock_taken_at is None  # may we find out by ourselves?
    due = quiet
    if alone and last.state == AttemptState.AMBIGUOUS:
        due = max(quiet + _pause(last, quiet), last.retry_at or quiet)
    if tx.now < due:
        return Move(what=What.WAIT, seconds=(due - tx.now).total_seconds())
    if not alone or tx.now - last.intent_at >= life.windows.give_up_looking:
        return hold(tx, run, step, held(tx, last))
    return _about(What.ACT, step, last.no)


def _pause(last: AttemptRow, quiet: datetime) -> timedelta:
    """Ever longer: half as long as it has been asked for by now."""
    return min(max(_PAUSE, (quiet - last.intent_at) / 2), _LONGEST_PAUSE)


def _quiet(life: Life, last: AttemptRow) -> datetime:
    """From when on nobody sends it any more. While somebody does, it has no end (`settled_at`)."""
    free = last.send_by + life.windows.send_total
    return free if last.state == AttemptState.SENT else last.settled_at or free


def held(tx: Tx, last: AttemptRow) -> str:
    """Nobody knows, and nothing of ours will find out: a person says."""
    note = (
        f"Nobody knows whether {last.connection} has carried it out ({last.note or 'the sender broke off'}). It is not "
        "sent again by itself. Look there, then say what happened."
    )
    if last.state == AttemptState.SENT:
        attempts.settle(tx, last, AttemptState.AMBIGUOUS, note=note)
    attempts.settle(tx, last, AttemptState.HELD, note=note)
    return note


def _again(life: Life, tx: Tx, step: StepRow, tries: Sequence[AttemptRow], *, late: bool) -> Move | None:
    """It is known not to have been done, or to have failed."""
    last = tries[-1]
    absent = sum(one.state == AttemptState.ABSENT for one in tries)
    due = last.retry_at
    if last.state == AttemptState.ABANDONED:
        due = (last.settled_at or tx.now) + _PAUSE
    elif last.state == AttemptState.ABSENT and absent < life.windows.attempts:
        due = tx.now
    if due is None or (late and last.state != AttemptState.ABSENT):  # whoever finds it absent has it sent again
        return fail(tx, step, f"{last.note or 'It was not carried out.'}")
    if due > tx.now:
        return Move(what=What.WAIT, seconds=(due - tx.now).total_seconds())
    return _about(What.ACT, step, last.no + 1)


async def _stop(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | str:
    """What was sent cannot be called back; what nobody knows is a person's matter."""
    tries = await attempts.of_step(tx.session, RunId(run.id), StepPath(step.path))
    last = tries[-1] if tries else None
    if last is not None and last.state == AttemptState.INTENT:
        attempts.settle(tx, last, AttemptState.ABANDONED, note="stopped before it was sent")
    if last is None or last.state not in (*UNKNOWN, AttemptState.HELD):
        return stopped(tx, run, step, "")
    if run.cancel_forced:
        return stopped(tx, run, step, f"Nobody knows whether {last.connection} has carried it out.")
    quiet = _quiet(life, last)
    if last.state in UNKNOWN and tx.now < quiet:
        return Move(what=What.WAIT, seconds=(quiet - tx.now).total_seconds())
    return hold(tx, run, step, last.note if last.state == AttemptState.HELD else held(tx, last))


def _about(what: What, step: StepRow, no: int) -> Move:
    return Move(what=what, path=StepPath(step.path), attempt=AttemptNo(no))


HTTP = Kind(begin=_begin, next=_next, stop=_stop, outside=True)
