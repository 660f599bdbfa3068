"""A dispatch that takes longer than it may: its pipeline is asked to stop, and its step fails when that is confirmed.

A failure like any other: `retry` and `on_error` say what becomes of it, and other branches go on. A pipeline that has
ended before it could be stopped has ended so.
"""

from datetime import datetime, timedelta
from typing import Final

from daytwo_store.engine import Tx
from daytwo_store.states import StepState
from daytwo_store.tables import ExternalRunRow, RunRow, StepRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.dispatch_stop import ask_to_stop
from daytwo_workflows.life.steps.external import is_gone
from daytwo_workflows.life.steps.failing import fail, hold

_SINCE: Final = "over_time_since"  # in the step's data


def is_over_time(tx: Tx, step: StepRow, external: ExternalRunRow) -> bool:
    """Once it is, it stays so: whatever its clock says then."""
    if _SINCE in (step.data or {}):
        return True
    if external.ended_at is not None or tx.now < external.known_at + timedelta(seconds=step.timeout):
        return False
    step.data = {**(step.data or {}), _SINCE: tx.now.isoformat()}
    step.note = f"took longer than {timedelta(seconds=step.timeout)}, so its pipeline is asked to stop"
    return True


def in_time(step: StepRow) -> None:
    """The next try has its own time."""
    step.data = {key: value for key, value in (step.data or {}).items() if key != _SINCE} or None


def next_of_overtime(life: Life, tx: Tx, run: RunRow, step: StepRow, external: ExternalRunRow) -> Move | None:
    """Of an external run that has not ended as far as anybody knows."""
    where = f"{external.connection} run {external.id}"
    if is_gone(life, external):
        return fail(tx, step, f"{_late(step)}: {where} was deleted in the CI system; what it had done there stays.")
    since = datetime.fromisoformat(str((step.data or {})[_SINCE]))
    move = ask_to_stop(life, tx, external, since=since, held=step.state == StepState.HELD)
    if move is not None:
        return move
    return hold(
        tx,
        run,
        step,
        f"{_late(step)}, and {where} was asked to stop and has not confirmed it. It may still be running, so the lock "
        "is kept. Look there; when it has ended, this run goes on by itself.",
    )


def was_stopped(step: StepRow, where: str) -> str:
    return f"{_late(step)}: {where} has confirmed that it stopped. What it had done stays. The catalog was not changed."


def _late(step: StepRow) -> str:
    return f"Stopped after its time limit ({step.path} took longer than {timedelta(seconds=step.timeout)})"
