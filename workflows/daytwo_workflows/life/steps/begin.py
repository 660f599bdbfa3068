"""The turn of a step has come: it is skipped, it fails, or it begins with every hole filled.

What it begins with is written down (`step.given`): asked again, or tried again, it is the same.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.steps.kinds import KINDS as DEFINED
from daytwo_actions.expressions import Evaluator, ExpressionError, Missing, parse_template
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import Planned, PlannedKind
from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.errors import DaytwoError, Rejected
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_store.value_digest import value_digest
from daytwo_workflows.life import standing
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.approval import ask_again
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.scene import Context, context_now, missing_now
from daytwo_workflows.life.steps.table import KINDS

_BY_HAND: Final = " Take back by hand what has to be, then say that it is left as it is."


async def begin(life: Life, tx: Tx, run: RunRow, step: StepRow, steps: Sequence[StepRow]) -> None:
    """Of a held run. Afterwards the step runs, or has ended."""
    if step.kind == "dispatch" and not step.asks:
        runs.move_step(tx, step, StepState.RUNNING)
        return
    planned = Plan.model_validate_json(run.plan).step(step.path)
    try:
        context = await context_now(life, tx.session, run, steps, step) if planned.when or planned.late else {}
        if not _wanted(planned, context):
            runs.move_step(tx, step, StepState.SKIPPED, note="skipped: its condition does not hold")
            return
        if KINDS[step.kind].writes and step.undoes is None:  # what takes it back was approved with the run
            await standing.must_stand(tx.session, run)
        step.given = filled(planned, context, await missing_now(tx.session, run, steps) if planned.late else {})
        if planned.effect is not None and planned.kind != "dispatch":
            step.given["effect"] = planned.effect
        runs.move_step(tx, step, StepState.RUNNING)
        if planned.late:
            _note_filled(tx, planned, step.given, run)
        if planned.protected and planned.late and await ask_again(tx, run, step):
            step.data = {"asks": True}
        await KINDS[step.kind].begin(life, tx, run, step)
    except DaytwoError as error:
        if step.state == StepState.PENDING:
            runs.move_step(tx, step, StepState.RUNNING)
        fail(tx, step, f"{error.detail} This step was not begun.{_BY_HAND if step.undoes is not None else ''}")


def _note_filled(tx: Tx, planned: Planned, given: Mapping[str, JsonValue], run: RunRow) -> None:
    """The audit has the digest of what the holes became, so that evidence can show the values."""
    filled = value_digest({key: given.get(key) for key in planned.late})
    tx.audit(
        actor="daytwo", action="step.filled", subject=f"run:{run.id}", facts={"step": planned.path, "filled": filled}
    )


def filled(planned: Planned, context: Context, missing: Missing) -> dict[str, JsonValue]:
    """Its `with` without holes; of a dispatch the inputs that were late. Raises `Rejected`, also where a value was to
    come from a step that has not left it: without it the step would do something else than what was approved."""
    kept = DEFINED[planned.kind].kept if planned.kind in DEFINED else frozenset()
    below = DEFINED[planned.kind].once_below if planned.kind in DEFINED else {}
    given: dict[str, JsonValue] = dict(planned.given) if isinstance(planned, PlannedKind) else {}
    for key, text in planned.late.items():
        where = f"`{key}` of step {planned.path}"
        if key not in kept:
            given[key] = _worked_out(text, context, where, missing)
        elif isinstance(text, dict) and key in below:
            once = {part: _worked_out(text[part], context, where, missing) for part in below[key] if part in text}
            given[key] = {**text, **once}
        else:
            given[key] = text
    return given


def _wanted(planned: Planned, context: Context) -> bool:
    if planned.when is None:
        return planned.runs
    value = _worked_out(planned.when, context, f"The `if` of step {planned.path}", {})
    if not isinstance(value, bool):
        raise Rejected(f"The `if` of step {planned.path} came out as neither true nor false.")
    return value


def _worked_out(text: JsonValue, context: Context, where: str, missing: Missing) -> JsonValue:
    try:
        return Evaluator(missing=missing).evaluate(parse_template(text), context)
    except ExpressionError as error:
        raise Rejected(f"{where} cannot be worked out: {error.detail}") from error
