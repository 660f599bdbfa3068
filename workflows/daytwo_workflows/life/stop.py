"""What happens next to a run that somebody, or its time limit, wants stopped.

Stopping is only believed when the CI system confirms it; a pipeline that ends first ends the run as it ended.
"""

from datetime import timedelta

from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState, ExternalStatus, RunState, StepState
from daytwo_store.tables import AttemptRow, ExternalRunRow, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import succeed
from daytwo_workflows.life.step import fail_unapproved, hold, in_other_words, is_gone, other_commit

_LOOK_EVERY = timedelta(seconds=5)


async def next_of_stopping(life: Life, tx: Tx, run: RunRow) -> Move:
    """The next move of a run with `cancel_at` set."""
    step, attempt = await _current(tx, run)
    if step is None or attempt is None or attempt.state in _NOTHING_THERE:
        if attempt is not None and attempt.state == AttemptState.INTENT:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note="stopped before it was sent")
        return await _end(tx, run, step, await _what_was_sent(tx, run))
    if attempt.state == AttemptState.HELD:
        return await _give_up(tx, run, step) if run.cancel_forced else hold(tx, run, step, attempt.note)
    _show(life, tx, run)
    if attempt.state in (AttemptState.SENT, AttemptState.AMBIGUOUS):
        return Move(what=What.RECONCILE, path=StepPath(attempt.path), attempt=AttemptNo(attempt.no))
    external = await attempts.external_of(tx.session, attempt)
    assert external is not None, "an accepted attempt has its external run"
    return await _stop_external(life, tx, run, step, attempt, external)


_NOTHING_THERE = frozenset({AttemptState.INTENT, AttemptState.ABANDONED, AttemptState.REJECTED, AttemptState.ABSENT})


def _overdue(life: Life, tx: Tx, run: RunRow) -> bool:
    return run.cancel_at is not None and tx.now - run.cancel_at >= life.windows.cancel_by


async def _what_was_sent(tx: Tx, run: RunRow) -> str:
    if any(attempt.external_id is not None for attempt in await attempts.of_run(tx.session, RunId(run.id))):
        return "What the steps before it did stays; nothing more was sent."
    return "Nothing had been sent, so nothing was started."


async def _current(tx: Tx, run: RunRow) -> tuple[StepRow | None, AttemptRow | None]:
    for step in await runs.steps(tx.session, RunId(run.id)):
        if step.state in (StepState.RUNNING, StepState.HELD):
            tries = await attempts.of_step(tx.session, RunId(run.id), StepPath(step.path))
            return step, tries[-1] if tries else None
    return None, None


def _show(life: Life, tx: Tx, run: RunRow) -> None:
    """`cancelling` until it is confirmed, or until a person has been asked to look."""
    if run.state == RunState.RUNNING or (run.state == RunState.NEEDS_ATTENTION and not _overdue(life, tx, run)):
        runs.move(tx, run, RunState.CANCELLING, reason=run.reason)


async def _stop_external(
    life: Life, tx: Tx, run: RunRow, step: StepRow, attempt: AttemptRow, external: ExternalRunRow
) -> Move:
    def about(what: What) -> Move:
        return Move(what=what, path=StepPath(step.path), attempt=AttemptNo(external.no))

    if external.ended_at is not None:
        if external.collected_at is None and tx.now - external.ended_at < life.windows.settle_with_logs:
            return about(What.COLLECT)
        return await _as_it_ended(tx, run, step, attempt, external)
    if is_gone(life, external):
        where = f"{external.connection} run {external.id}"
        return await _end(tx, run, step, f"{where} was deleted in the CI system; what it had done there stays.")
    if external.cancel_asked_at is None and not _overdue(life, tx, run):
        return about(What.CANCEL)
    waited = tx.now - (run.cancel_at or tx.now)
    if _overdue(life, tx, run):
        if run.cancel_forced:
            return await _give_up(tx, run, step)
        return hold(
            tx,
            run,
            step,
            f"{external.connection} run {external.id} was asked to stop and has not confirmed it. It may still be "
            "running, so the lock is kept. Look there; when it has ended, this run goes on by itself.",
        )
    if external.cancel_forced_at is None and (run.cancel_forced or waited >= life.windows.force_cancel_after):
        return about(What.FORCE_CANCEL)
    looked = external.seen_at or external.known_at
    if looked + _LOOK_EVERY <= tx.now or (external.wanted_at is not None and external.wanted_at >= looked):
        return about(What.READ)
    return Move(what=What.WAIT, seconds=(looked + _LOOK_EVERY - tx.now).total_seconds())


async def _as_it_ended(tx: Tx, run: RunRow, step: StepRow, attempt: AttemptRow, external: ExternalRunRow) -> Move:
    where = f"{external.connection} run {external.id}"
    other = other_commit(attempt, external)
    if other is not None and run.protected:
        return await fail_unapproved(tx, run, step, external, other)
    if external.status == ExternalStatus.SUCCEEDED:
        runs.move_step(tx, step, StepState.SUCCEEDED, note="had succeeded before it could be stopped")
        rest = [row for row in await runs.steps(tx.session, RunId(run.id)) if row.state == StepState.PENDING]
        if not rest:
            await succeed(tx, run, reason=f"It was to be stopped, but {where} had already succeeded.")
            return Move(what=What.END)
        return await _end(tx, run, None, f"{where} had succeeded; the steps after it were not begun.")
    if external.status == ExternalStatus.CANCELLED:
        return await _end(tx, run, step, f"{where} has confirmed that it stopped. What it had done stays.")
    runs.move_step(tx, step, StepState.FAILED, note=external.detail)
    await runs.end(
        tx, run, RunState.FAILED, reason=f"{where} failed{in_other_words(external)} before it could be stopped."
    )
    return Move(what=What.END)


async def _give_up(tx: Tx, run: RunRow, step: StepRow) -> Move:
    """A person took the responsibility (force): the run ends although nobody knows what the pipeline does."""
    return await _end(
        tx, run, step, "The CI system has not confirmed anything: what was started there may still be running."
    )


async def _end(tx: Tx, run: RunRow, step: StepRow | None, what: str) -> Move:
    if step is not None:
        runs.move_step(tx, step, StepState.FAILED if run.timed_out else StepState.CANCELLED, note=what)
    why = f" ({run.cancel_reason})" if run.cancel_reason else ""
    if run.timed_out:
        await runs.end(tx, run, RunState.FAILED, reason=f"Stopped after its time limit{why}. {what}")
    else:
        await runs.end(
            tx,
            run,
            RunState.CANCELLED,
            reason=f"Cancelled{why}. {what} The catalog was not changed.",
            actor=run.cancel_by or "daytwo",
        )
    return Move(what=What.END)
