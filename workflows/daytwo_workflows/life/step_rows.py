"""The rows of a plan's steps: written when the run is accepted; what has not begun again when it is replanned."""

from collections.abc import Iterator
from typing import Any, Final

from daytwo_actions.plan.model import Plan, PlannedResume
from daytwo_actions.plan.steps import Planned, PlannedKind
from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId, StepPath
from daytwo_store.states import AttemptState, StepState
from daytwo_store.tables import StepRow
from daytwo_workflows.life import midway

_SENDS: Final = frozenset({"dispatch", "http"})
_ANEW: Final = _SENDS | {"approval", "check", "wait"}  # what others, or people by hand, have done is not done twice


def write(tx: Tx, plan: Plan) -> None:
    for position, (path, columns) in enumerate(_columns(plan)):
        row = StepRow(run_id=plan.run, path=path, position=position, state=StepState.PENDING, jobs=[], **columns)
        if plan.resumes is not None and path in plan.resumes.done:
            _carry_over(tx, row, plan.resumes)
        tx.session.add(row)


def _carry_over(tx: Tx, row: StepRow, resumes: PlannedResume) -> None:
    """Another run has done it. What it had left is there as if this one had."""
    word = "somebody says that it was done in" if row.path in resumes.said else "done in"
    row.state, row.ended_at = StepState.SUCCEEDED, tx.now
    row.note = f"carried over: {word} run {resumes.run}"
    row.data = {runs.CARRIED: resumes.run}
    row.outputs = resumes.done[row.path] or None


async def renew(tx: Tx, before: Plan, plan: Plan) -> None:
    """The plan of a held run is another one now. The steps of an action are the same in all its plans.

    What was to be sent by the old plan and was not begins anew, so that it is filled from this one. So does what has
    looked, waited or asked by values that are others now, and what came after it: a check that held somewhere else
    says nothing about here. What has taken effect stays as it is.
    """
    await _set_back(tx, before, plan)
    columns = dict(_columns(plan))
    for row in await runs.steps(tx.session, RunId(plan.run)):
        if row.state == StepState.RUNNING and row.kind in _SENDS and await _unsent(tx, row) and row.given is not None:
            row.state, row.given, row.data = StepState.PENDING, None, None  # no move of it: its turn comes once more
            row.started_at = row.due_at = None
        if row.state == StepState.PENDING:
            for name, value in columns[row.path].items():
                setattr(row, name, value)


async def _set_back(tx: Tx, before: Plan, after: Plan) -> None:
    steps = await runs.steps(tx.session, RunId(after.run))
    stale = {
        step.path
        for step in steps
        if _differs(before, after, step.path) and not _sealed_anew(step) and await _without_effect(tx, step)
    }
    for step in midway.hanging_on(steps, stale):
        if await _without_effect(tx, step):
            await _unsent(tx, step)
            runs.set_back(tx, step, note="begins anew, because what was planned has changed")


def _sealed_anew(step: StepRow) -> bool:
    """A dispatch that was begun with nothing to be filled has nothing of the old plan in its row."""
    return step.kind == "dispatch" and step.state == StepState.RUNNING and step.given is None


async def _without_effect(tx: Tx, step: StepRow) -> bool:
    """Has it begun here, and nothing of it taken effect? What another run has done began there."""
    skipped = step.state == StepState.SKIPPED
    begun = skipped or (step.started_at is not None and step.kind in _ANEW)
    return begun and await midway.taken_effect(tx.session, [step]) is None


def _differs(before: Plan, after: Plan, path: str) -> bool:
    """Is a step planned otherwise, or is something else what it works out by itself?"""
    old, new = before.step(path), after.step(path)
    if old != new:
        return True
    known = (before.inputs, before.read, before.entity) == (after.inputs, after.read, after.entity)
    return not known and (bool(new.late) or new.when is not None)


async def _unsent(tx: Tx, row: StepRow) -> bool:
    """Was nothing of it ever sent? What is sealed by the old plan is given up."""
    tries = await attempts.of_step(tx.session, RunId(row.run_id), StepPath(row.path))
    for attempt in tries:
        if attempt.state == AttemptState.INTENT:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note="the plan changed before it was sent")
    return all(attempt.state == AttemptState.ABANDONED for attempt in tries)


def as_planned(plan: Plan, row: StepRow) -> bool:
    """Does a step that has begun hold what stands in the plan, wherever that leaves no hole?"""
    planned = plan.step(row.path)
    if not isinstance(planned, PlannedKind):
        return True
    given = row.given or {}
    return all(given.get(key) == value for key, value in planned.given.items() if key not in planned.late)


def _columns(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    before: list[str] = []
    for step in plan.steps:
        yield step.path, columns_of(step, before=before)
        before = [step.path]


def columns_of(step: Planned, *, before: list[str]) -> dict[str, Any]:
    """`before`: what it needs when it does not say."""
    return {
        "uses": step.uses,
        "kind": step.kind,
        "needs": before if step.needs is None else step.needs,
        "asks": step.asks,
        "on_error": step.on_error,
        "tries": step.retry.attempts if step.retry else 1,
        "retry_wait": step.retry.wait if step.retry else 0,
        "timeout": step.timeout,
        "results": step.outputs or None,
    }
