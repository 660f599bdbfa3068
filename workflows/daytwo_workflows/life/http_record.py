"""What came of a request to a service, written down: done, refused, or nobody knows."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.wire.answer import Silence
from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_actions.services.door import ServiceAnswer
from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId, StepPath
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import AttemptState, StepState
from daytwo_store.tables import AttemptRow, StepRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.leaving import leave
from daytwo_workflows.life.steps.scene import Context

Result = ServiceAnswer | Silence
_FOR_NOW: Final = frozenset({408, 409, 425, 429})  # a no that may be another one later
AGAIN: Final = 15.0  # seconds before asking again when nothing says how long


def judged(text: JsonValue, context: Context | None, result: Result) -> bool | None:
    """Whether it is as `text` says; None when that cannot be worked out. `context`: None where it could not be read."""
    if isinstance(result, Silence):
        return None
    try:
        value = Evaluator().evaluate(parse_template(text), {**(context or {}), "response": result.seen()})
    except ExpressionError:
        return None
    return value if isinstance(value, bool) else None


async def record(
    life: Life, tx: Tx, step: StepRow, attempt: AttemptRow, result: Result, *, good: bool | None, blind: bool
) -> None:
    """Of a held run. `blind`: what it was judged by could not be read.

    Where the attempt was open before (AMBIGUOUS), only that it was done can be known: a no to the second request says
    nothing of the first.
    """
    if isinstance(result, Silence):
        _silent(tx, step, attempt, result)
        return
    said = f"{attempt.connection} answered {result.status}"
    first = attempt.state == AttemptState.SENT
    if good is True:
        attempts.settle(tx, attempt, AttemptState.ACCEPTED, note=said)
        await done(life, tx, step, result)
    elif result.status >= 500 or result.status == 408:
        stays_open(tx, attempt, said)
    elif result.status >= 300 and not first and _for_good(result.status):
        _to_a_person(tx, attempt, said)
    elif result.status >= 300 and not first:
        stays_open(tx, attempt, f"{said}, which says nothing of the first time that it was sent")
        attempt.retry_at = _later(tx, step, result.retry_after)
    elif result.status == 429:
        retry_at = _later(tx, step, result.retry_after or AGAIN)
        attempts.settle(tx, attempt, AttemptState.REJECTED, note=f"{said}, asked later", retry_at=retry_at)
    elif result.status >= 300:
        later = _later(tx, step, step.retry_wait) if await _once_more(tx, step) else None
        attempts.settle(tx, attempt, AttemptState.REJECTED, note=f"{said}. It was not done.", retry_at=later)
    elif good is None and blind:
        stays_open(tx, attempt, f"{said}, and whether that is what the action expects could not be worked out")
    else:
        attempts.settle(tx, attempt, AttemptState.ACCEPTED, note=said)
        fail(tx, step, f"{said}, and not what the action expects. It was sent; what that did there stays.")


def _for_good(status: int) -> bool:
    """A no that will be the same the next time."""
    return 400 <= status < 500 and status not in _FOR_NOW


def _to_a_person(tx: Tx, attempt: AttemptRow, said: str) -> None:
    """It was sent before, nobody knows what came of that, and asking again brings nothing."""
    note = (
        f"{said} to the same request sent again, which says nothing of the first time that it was sent. It is not "
        "sent any more by itself. Look there, then say what happened."
    )
    attempts.settle(tx, attempt, AttemptState.HELD, note=note)


def _silent(tx: Tx, step: StepRow, attempt: AttemptRow, silence: Silence) -> None:
    if silence.sent or attempt.state != AttemptState.SENT:
        stays_open(tx, attempt, f"{attempt.connection}: {silence.reason}")
        attempt.retry_at = _later(tx, step, silence.again)
        return
    retry_at = _later(tx, step, silence.again or AGAIN)
    attempts.settle(tx, attempt, AttemptState.REJECTED, note=f"{silence.reason}; not sent", retry_at=retry_at)


def _later(tx: Tx, step: StepRow, seconds: float | None) -> datetime:
    """So much later, and not later than the step may take: a service may ask for more than anybody waits."""
    assert step.started_at is not None
    left = (step.started_at + timedelta(seconds=step.timeout) - tx.now).total_seconds()
    return tx.now + timedelta(seconds=max(0.0, min(seconds or 0.0, left)))


async def _once_more(tx: Tx, step: StepRow) -> bool:
    tries = await attempts.of_step(tx.session, RunId(step.run_id), StepPath(step.path))
    return sum(one.state != AttemptState.ABANDONED for one in tries) < step.tries


def stays_open(tx: Tx, attempt: AttemptRow, note: str) -> None:
    if attempt.state == AttemptState.SENT:
        attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note=note)
    else:
        attempt.settled_at, attempt.note = tx.now, note


async def done(life: Life, tx: Tx, step: StepRow, answer: ServiceAnswer) -> None:
    """Declared results are kept; nothing else of an answer is."""
    wrong = leave(life, tx, step, answer.body, OutputsSource.ANSWER)
    if wrong is not None:
        fail(tx, step, f"It was done, but {wrong}")
    else:
        runs.move_step(tx, step, StepState.SUCCEEDED, note=f"answered {answer.status}")
