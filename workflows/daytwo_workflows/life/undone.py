"""Which steps of a run are undone by a run of its own, and which were undone already."""

from collections.abc import Sequence
from dataclasses import dataclass

from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import is_undo
from daytwo_actions.plan.undo_program import Undone
from daytwo_store import runs
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.steps.results import missing, seen
from daytwo_workflows.life.undo_stack import ordinary, stack


async def to_undo(session: Session, run: RunRow) -> list[StepRow]:
    """What of a run has taken effect, can be undone and was not: by itself, or by runs that were to undo it."""
    steps = await runs.steps(session, RunId(run.id))
    undone = (await undone_so_far(session, run, steps)).done
    able = await stack(session, Plan.model_validate_json(run.plan), steps)
    return [step for step in able if step.path not in undone]


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoneSoFar:
    """Paths of steps: what was undone, and what an undo was begun of that has not ended well."""

    done: frozenset[str]
    half: frozenset[str]


async def undone_so_far(session: Session, run: RunRow, steps: Sequence[StepRow]) -> UndoneSoFar:
    """By itself, or by runs that were to undo it; of what was carried over, by the run that had done it."""
    own = [step for step in steps if step.undoes is not None]
    done = {str(step.undoes) for step in own if step.state == StepState.SUCCEEDED}
    begun = {str(step.undoes) for step in own if step.started_at is not None}
    for path, state in await runs.undo_steps(session, RunId(run.id)):
        if is_undo(path):
            begun.add(_undoes(path))
            if state == StepState.SUCCEEDED:
                done.add(_undoes(path))
    carried = {step.path for step in steps if runs.CARRIED in (step.data or {})}
    if carried and run.resume_of is not None:
        earlier = await runs.peek(session, RunId(run.resume_of))
        before = await undone_so_far(session, earlier, await runs.steps(session, RunId(earlier.id)))
        done |= before.done & carried
        begun |= before.half & carried
    return UndoneSoFar(done=frozenset(done), half=frozenset(begun - done))


def _undoes(path: str) -> str:
    return path.removesuffix(".undo")


async def undone_of(session: Session, run: RunRow, paths: list[str]) -> Undone:
    """What undoes these steps of a run, in this order."""
    plan, steps = Plan.model_validate_json(run.plan), await runs.steps(session, RunId(run.id))
    planned = [one for path in paths if (one := plan.undo_of(path)) is not None]
    own = ordinary(steps)
    return Undone(run=run.id, steps=planned, results=seen(own), missing=missing(own))


def undoes_steps(plan: Plan) -> bool:
    """Is it the plan of a run that undoes the steps of another one, and not one that goes back to other inputs?"""
    return bool(plan.steps) and all(is_undo(step.path) for step in plan.steps)


async def undone_by(session: Session, run: RunRow) -> Undone | None:
    """What a run that undoes another one's steps undoes; None for every other run."""
    if run.undo_of is None:
        return None
    plan = Plan.model_validate_json(run.plan)
    if not undoes_steps(plan):
        return None
    paths = [_undoes(step.path) for step in plan.steps]
    return await undone_of(session, await runs.peek(session, RunId(run.undo_of)), paths)
