"""`check`: looks again and again until something holds, and stays so. What was seen last is kept as evidence."""

from datetime import datetime, timedelta

from pydantic import JsonValue

from daytwo_store import runs
from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import AttemptNo, StepPath
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import StepState
from daytwo_store.tables import Json, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.given import seconds_of
from daytwo_workflows.life.steps.http import must_be_safe
from daytwo_workflows.life.steps.kind import Kind
from daytwo_workflows.life.steps.leaving import leave

_FIRST = AttemptNo(1)


async def _begin(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> None:
    step.data = {"looks": 0, "last": "not looked at yet", "since": None}
    step.due_at = tx.now
    get = (step.given or {}).get("get")
    if isinstance(get, dict):
        must_be_safe(get)


async def _next(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> Move | None:
    assert step.started_at is not None
    assert step.due_at is not None
    deadline = step.started_at + timedelta(seconds=step.timeout)
    if tx.now >= deadline:
        looks = "once" if _data(step)["looks"] == 1 else f"{_data(step)['looks']} times"
        return fail(
            tx,
            step,
            f"It did not hold within {timedelta(seconds=step.timeout)} (looked {looks}); the last time: "
            f"{_data(step)['last']}.",
        )
    if tx.now >= step.due_at:
        return Move(what=What.LOOK, path=StepPath(step.path), attempt=_FIRST)
    return Move(what=What.WAIT, seconds=(min(step.due_at, deadline) - tx.now).total_seconds())


def looked(life: Life, tx: Tx, step: StepRow, *, holds: bool, saw: str, found: JsonValue) -> None:
    """Write down one look at a check of a held run that goes on. `found`: what the service answered; of the last look
    its declared members are kept."""
    given, data = step.given or {}, _data(step)
    every, stable = seconds_of(given.get("every"), 15), seconds_of(given.get("stable"), 0)
    before = data["since"]
    since = (datetime.fromisoformat(str(before)) if before else tx.now) if holds else None
    looks = data["looks"]
    assert isinstance(looks, int)
    step.data = {"looks": looks + 1, "last": saw[:500], "since": since.isoformat() if since else None}
    step.due_at = tx.now + timedelta(seconds=every)
    if since is not None:
        enough = since + timedelta(seconds=stable)
        step.due_at = min(step.due_at, enough) if enough > tx.now else tx.now
        if tx.now >= enough:
            _held(life, tx, step, saw, found)
    tx.notify(Topic.RUN, step.run_id)


def _held(life: Life, tx: Tx, step: StepRow, saw: str, found: JsonValue) -> None:
    wrong = leave(life, tx, step, found, OutputsSource.ANSWER)
    if wrong is not None:
        fail(tx, step, f"It held, but {wrong}")
    else:
        runs.move_step(tx, step, StepState.SUCCEEDED, note=f"held: {saw[:500]}")


def _data(step: StepRow) -> Json:
    return step.data or {"looks": 0, "last": "", "since": None}


CHECK = Kind(begin=_begin, next=_next)
