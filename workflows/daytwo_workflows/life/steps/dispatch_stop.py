"""Stopping a dispatch: only believed when the CI system confirms it. A pipeline that ends first ends as it ended."""

from datetime import datetime, timedelta
from typing import Final

from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState, ExternalStatus, RunState, StepState
from daytwo_store.tables import AttemptRow, ExternalRunRow, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.requests import pinned_of
from daytwo_workflows.life.steps.external import about, fail_unapproved, in_other_words, is_gone, other_commit
from daytwo_workflows.life.steps.failing import fail, hold
from daytwo_workflows.life.steps.search import look_for

_LOOK_EVERY: Final = timedelta(seconds=5)
_NOTHING_THERE: Final = frozenset(
    {AttemptState.INTENT, AttemptState.ABANDONED, AttemptState.REJECTED, AttemptState.ABSENT, AttemptState.FAILED}
)


async def stop_dispatch(life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | str:
    """The next move of a dispatch whose run is to stop; a sentence when it has ended, or nothing of it was there."""
    tries = await attempts.of_step(tx.session, RunId(run.id), StepPath(step.path))
    attempt = tries[-1] if tries else None
    if attempt is None or attempt.state in _NOTHING_THERE:
        if attempt is not None and attempt.state == AttemptState.INTENT:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note="stopped before it was sent")
        return stopped(tx, run, step, "")
    if attempt.state == AttemptState.HELD:
        return _give_up(tx, run, step) if run.cancel_forced else hold(tx, run, step, attempt.note)
    _show(life, tx, run)
    if attempt.state in (AttemptState.SENT, AttemptState.AMBIGUOUS):
        return look_for(tx, step, attempt)
    external = await attempts.external_of(tx.session, attempt)
    assert external is not None, "an accepted attempt has its external run"
    return _stop_external(life, tx, run, step, attempt, external)


def stopped(tx: Tx, run: RunRow, step: StepRow, what: str) -> str:
    """End a step that was stopped."""
    runs.move_step(tx, step, StepState.FAILED if run.timed_out else StepState.CANCELLED, note=what or None)
    return what


def _overdue(life: Life, tx: Tx, run: RunRow) -> bool:
    return run.cancel_at is not None and tx.now - run.cancel_at >= life.windows.cancel_by


def _show(life: Life, tx: Tx, run: RunRow) -> None:
    """`cancelling` until it is confirmed, or until a person has been asked to look."""
    if run.state == RunState.RUNNING or (run.state == RunState.NEEDS_ATTENTION and not _overdue(life, tx, run)):
        runs.move(tx, run, RunState.CANCELLING, reason=run.reason)


def _stop_external(
    life: Life, tx: Tx, run: RunRow, step: StepRow, attempt: AttemptRow, external: ExternalRunRow
) -> Move | str:
    if external.ended_at is not None:
        if external.collected_at is None and tx.now - external.ended_at < life.windows.settle_with_logs:
            return about(What.COLLECT, attempt)
        return _as_it_ended(tx, run, step, attempt, external)
    if is_gone(life, external):
        where = f"{external.connection} run {external.id}"
        return stopped(tx, run, step, f"{where} was deleted in the CI system; what it had done there stays.")
    move = ask_to_stop(
        life, tx, external, since=run.cancel_at or tx.now, held=step.state == StepState.HELD, forced=run.cancel_forced
    )
    if move is not None:
        return move
    if run.cancel_forced:
        return _give_up(tx, run, step)
    return hold(
        tx,
        run,
        step,
        f"{external.connection} run {external.id} was asked to stop and has not confirmed it. It may still be "
        "running, so the lock is kept. Look there; when it has ended, this run goes on by itself.",
    )


def ask_to_stop(
    life: Life, tx: Tx, external: ExternalRunRow, *, since: datetime, held: bool, forced: bool = False
) -> Move | None:
    """How an external run that is wanted to stop since then is asked to; None when it should have confirmed it by now.

    `held`: a person was told so already, and it is read when somebody asks for that. `forced`: with force at once, and
    not only when asking has not helped.
    """

    def move(what: What) -> Move:
        return Move(what=what, path=StepPath(external.path), attempt=AttemptNo(external.no))

    looked = external.seen_at or external.known_at
    wanted = external.wanted_at is not None and external.wanted_at >= looked
    if tx.now - since >= life.windows.cancel_by:
        return move(What.READ) if wanted and held and not forced else None
    if external.cancel_asked_at is None:
        return move(What.CANCEL)
    if external.cancel_forced_at is None and (forced or tx.now - since >= life.windows.force_cancel_after):
        return move(What.FORCE_CANCEL)
    if wanted or looked + _LOOK_EVERY <= tx.now:
        return move(What.READ)
    return Move(what=What.WAIT, seconds=(looked + _LOOK_EVERY - tx.now).total_seconds())


def _as_it_ended(tx: Tx, run: RunRow, step: StepRow, attempt: AttemptRow, external: ExternalRunRow) -> str:
    where = f"{external.connection} run {external.id}"
    other = other_commit(attempt, external)
    if other is not None and run.protected:
        fail_unapproved(tx, step, external, other)
        return step.note or ""
    if external.status == ExternalStatus.SUCCEEDED:
        runs.move_step(tx, step, StepState.SUCCEEDED, note="had succeeded before it could be stopped")
        return f"{where} had succeeded before it could be stopped."
    if external.status == ExternalStatus.CANCELLED:
        return stopped(tx, run, step, f"{where} has confirmed that it stopped. What it had done stays.")
    fenced = pinned_of(attempt).fenced and other is None  # another commit may not ask before it works
    if external.status == ExternalStatus.FAILED and fenced and attempt.claimed_at is None:
        return stopped(tx, run, step, f"{where} has ended without our leave to work: no job of it has begun its work.")
    what = f"{where} failed{in_other_words(external)} before it could be stopped."
    fail(tx, step, what)
    return what


def _give_up(tx: Tx, run: RunRow, step: StepRow) -> str:
    """A person took the responsibility (force): the run ends although nobody knows what the pipeline does."""
    return stopped(
        tx, run, step, "The CI system has not confirmed anything: what was started there may still be running."
    )
