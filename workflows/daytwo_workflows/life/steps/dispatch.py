"""What happens next to a dispatch step: algorithm A1 as a table of its attempts' states."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from daytwo_store import attempts, connections, outputs, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState, ExternalStatus, RunState, StepState
from daytwo_store.tables import AttemptRow, ExternalRunRow, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.approval import decided
from daytwo_workflows.life.steps.external import about, deleted, fail_unapproved, in_other_words, is_gone, other_commit
from daytwo_workflows.life.steps.failing import fail, hold
from daytwo_workflows.life.steps.overtime import in_time, is_over_time, next_of_overtime, was_stopped
from daytwo_workflows.life.steps.results import faults
from daytwo_workflows.life.steps.search import look_for
from daytwo_workflows.life.steps.spreading import spread


async def next_of_dispatch(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    """The next move of a dispatch that has begun, or None when it has ended.

    Nothing is sent to a connection that has asked to be left alone, whichever process it has told so (R14).
    """
    if step.data and step.data.get("asks"):
        waits = await decided(tx, run, step)
        if waits is not None or step.state != StepState.RUNNING:
            return waits
        step.due_at = None
    move = await _next(life, tx, run, step)
    if move is None or move.what is not What.DISPATCH:
        return move
    pause = await connections.held(tx.session, step.uses, now=tx.now)
    if pause is None:
        return move
    return Move(what=What.WAIT, seconds=pause + spread(run.id, timedelta(seconds=pause)).total_seconds())


async def _next(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    tries = await attempts.of_step(tx.session, RunId(run.id), StepPath(step.path))
    if not tries:
        return _dispatch(step, 1)
    last = tries[-1]
    match AttemptState(last.state):
        case AttemptState.INTENT:
            return _dispatch(step, last.no)
        case AttemptState.ABANDONED:
            return _after_giving_up(life, tx, step, tries)
        case AttemptState.SENT | AttemptState.AMBIGUOUS:
            return look_for(tx, step, last)
        case AttemptState.HELD:
            return hold(tx, run, step, last.note)
        case AttemptState.REJECTED:
            return _after_rejection(tx, step, tries)
        case AttemptState.ABSENT:
            return _after_absence(life, tx, step, tries)
        case AttemptState.ACCEPTED:
            return await _follow(life, tx, run, step, last)
        case AttemptState.FAILED:
            return _dispatch(step, last.no + 1)


async def late_logs(tx: Tx, run: RunRow) -> Move | None:
    """A run that has ended may still have a log to be kept: the state does not wait for it, the worker does."""
    for external in await attempts.externals_of_run(tx.session, RunId(run.id)):
        if external.ended_at is not None and external.collected_at is None:
            return Move(what=What.COLLECT, path=StepPath(external.path), attempt=AttemptNo(external.no))
    return None


def _dispatch(step: StepRow, no: int) -> Move:
    return Move(what=What.DISPATCH, path=StepPath(step.path), attempt=AttemptNo(no))


_REFUSED_FOR: Final = timedelta(hours=2)  # two whole periods of the longest limit that a vendor counts by
_DOUBLED: Final = 10  # times at most
_GROWTH: Final = timedelta(minutes=5)  # the most that a repeated refusal adds to what was asked for


def _after_rejection(tx: Tx, step: StepRow, tries: Sequence[AttemptRow]) -> Move | None:
    last = tries[-1]
    if last.retry_at is None:
        return fail(tx, step, f"{last.note} Nothing was started there.")
    asked = _refusals(tries)
    over = (last.settled_at or last.intent_at) - asked[0].intent_at
    if over >= max(timedelta(seconds=step.timeout), _REFUSED_FOR):
        minutes = over.total_seconds() / 60
        said = f"It was refused so {len(asked)} times in {minutes:.0f} minutes, and nothing was started there."
        return fail(tx, step, f"{last.note} {said} Ask again when there is more room.")
    due = _later(tries)
    if due > tx.now:
        return Move(what=What.WAIT, seconds=(due - tx.now).total_seconds())
    return _dispatch(step, last.no + 1)


def _later(tries: Sequence[AttemptRow]) -> datetime:
    """Not before it was said, twice as long after the second refusal in a row, and not with all the others at once."""
    last = tries[-1]
    assert last.retry_at is not None, "one that may be tried again"
    pause = last.retry_at - (last.settled_at or last.retry_at)
    again = sum(1 for _ in takewhile(lambda one: one.state == AttemptState.REJECTED, reversed(tries)))
    again = min(again, _DOUBLED)
    return last.retry_at + min(pause * ((1 << (again - 1)) - 1), _GROWTH) + spread(last.run_id, pause)


def _after_giving_up(life: Life, tx: Tx, step: StepRow, tries: Sequence[AttemptRow]) -> Move:
    """It was given up before it was sent: another attempt, ever less soon while that repeats, and not before whoever
    was not asked has said, nor with all the others at once."""
    again = sum(1 for _ in takewhile(lambda one: one.state == AttemptState.ABANDONED, reversed(tries)))
    pauses, last = life.windows.look_every, tries[-1]
    due = (last.settled_at or tx.now) + timedelta(seconds=0 if again == 1 else pauses[min(again, len(pauses)) - 1])
    if last.retry_at is not None:
        due = max(due, last.retry_at + spread(last.run_id, last.retry_at - (last.settled_at or last.retry_at)))
    if due > tx.now:
        return Move(what=What.WAIT, seconds=(due - tx.now).total_seconds())
    return _dispatch(step, tries[-1].no + 1)


def _after_absence(life: Life, tx: Tx, step: StepRow, tries: Sequence[AttemptRow]) -> Move | None:
    """Proven absent: it may be sent again, as a new attempt, a few times."""
    if _used_up(life, tries):
        return fail(tx, step, f"{tries[-1].note} Tried {life.windows.attempts} times, nothing was started.")
    return _dispatch(step, tries[-1].no + 1)


def _used_up(life: Life, tries: Sequence[AttemptRow]) -> bool:
    """A1 has three attempts that may have started something. A try that the definition asks for after a failure begins
    anew.

    What a person, a lock or another plan took back before it was sent is not one of them, nor is what was refused for
    now, or not sent because the connection was told to wait (R14: no run fails by that alone).
    """
    return sum(one.state == AttemptState.ABSENT for one in _of_this_try(tries)) >= life.windows.attempts


def _refusals(tries: Sequence[AttemptRow]) -> list[AttemptRow]:
    """Those that were refused for now, the first one first."""
    return [one for one in _of_this_try(tries) if one.state == AttemptState.REJECTED][::-1]


def _of_this_try(tries: Sequence[AttemptRow]) -> list[AttemptRow]:
    """The newest first."""
    return [*takewhile(lambda one: one.state != AttemptState.FAILED, reversed(tries))]


async def _follow(life: Life, tx: Tx, run: RunRow, step: StepRow, attempt: AttemptRow) -> Move | None:
    external = await attempts.external_of(tx.session, attempt)
    assert external is not None, "an accepted attempt has its external run"
    if external.ended_at is not None:
        if external.collected_at is None and (
            _promised(step) or tx.now - external.ended_at < life.windows.settle_with_logs
        ):
            return about(What.COLLECT, attempt)
        return await _settle(tx, run, step, attempt, external)
    if is_over_time(tx, step, external):
        return next_of_overtime(life, tx, run, step, external)
    looked = external.seen_at or external.known_at
    wanted = external.wanted_at is not None and external.wanted_at >= looked
    if is_gone(life, external) and not wanted:
        return hold(tx, run, step, deleted(external))
    if (
        step.state == StepState.HELD and not is_gone(life, external) and run.state == RunState.NEEDS_ATTENTION
    ):  # it is there again
        runs.move_step(tx, step, StepState.RUNNING)
        runs.move(tx, run, RunState.RUNNING)
    deadline = external.known_at + timedelta(seconds=step.timeout)
    if wanted or looked + life.windows.look_anyway <= tx.now:
        return about(What.READ, attempt)
    return Move(what=What.WAIT, seconds=(min(deadline, looked + life.windows.look_anyway) - tx.now).total_seconds())


def _promised(step: StepRow) -> bool:
    """Do later steps wait for results that have not come yet?"""
    return bool(step.results) and step.outputs is None


async def _settle(tx: Tx, run: RunRow, step: StepRow, attempt: AttemptRow, external: ExternalRunRow) -> Move | None:
    """The pipeline has ended and is kept: what it says is what we say."""
    other = other_commit(attempt, external)
    if other is not None and run.protected:
        return fail_unapproved(tx, step, external, other)
    where = f"{external.connection} run {external.id}"
    match ExternalStatus(external.status):
        case ExternalStatus.SUCCEEDED:
            return _succeeded(tx, step, note=other)
        case ExternalStatus.CANCELLED if not is_over_time(tx, step, external):
            return fail(
                tx,
                step,
                f"Somebody cancelled {where} in the CI system. What it had done until then stays; the catalog was not "
                "changed. Look at its log for how far it came.",
                state=StepState.CANCELLED,
            )
        case ExternalStatus.SKIPPED:
            return fail(tx, step, f"{where} ran none of its jobs ({external.detail}). The catalog is as before.")
    if step.tries > 1 and (again := await _again(tx, step, attempt, external)) is not None:
        return again
    if external.status == ExternalStatus.CANCELLED:
        return fail(tx, step, was_stopped(step, where))
    return fail(
        tx,
        step,
        f"{where} failed{in_other_words(external)}. The catalog was not changed. The log shows the first error; what "
        "the pipeline did before it stays.",
    )


def _succeeded(tx: Tx, step: StepRow, *, note: str | None) -> Move | None:
    """What it promised to leave for later steps has to be there."""
    wrong = faults(step)
    if wrong:
        said = "; ".join(wrong)
        return fail(tx, step, f"The pipeline succeeded, but left other results than the action declares: {said}.")
    runs.move_step(tx, step, StepState.SUCCEEDED, note=note)
    return None


async def _again(tx: Tx, step: StepRow, attempt: AttemptRow, external: ExternalRunRow) -> Move | None:
    """The definition has it tried again after a failure that is known; None when that was the last try."""
    tries = await attempts.of_step(tx.session, RunId(step.run_id), StepPath(step.path))
    ran = sum(one.external_id is not None for one in tries)
    if ran >= step.tries:
        return None
    due = (external.ended_at or tx.now) + timedelta(seconds=step.retry_wait)
    if due > tx.now:
        step.note = (
            f"{external.connection} run {external.id} failed; it is tried again (try {ran + 1} of {step.tries})."
        )
        return Move(what=What.WAIT, seconds=(due - tx.now).total_seconds())
    attempts.settle(tx, attempt, AttemptState.FAILED, note=f"it failed{in_other_words(external)}; tried again")
    outputs.clear(step)
    in_time(step)
    step.secrets_at = step.secrets_by = None  # the next try has its own pipeline, which collects them once
    return _dispatch(step, attempt.no + 1)
