"""Which steps of a run are undone by a run of its own, and which were undone already."""

from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import is_undo, undo_path
from daytwo_actions.plan.undo_program import Undone
from daytwo_store import runs
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.steps.results import seen
from daytwo_workflows.life.undo_stack import ordinary, stack


async def to_undo(session: Session, run: RunRow) -> list[StepRow]:
    """What of a run has taken effect, can be undone and was not: by itself, or by runs that were to undo it."""
    steps = await runs.steps(session, RunId(run.id))
    done = {step.undoes for step in steps if step.undoes is not None and step.state == StepState.SUCCEEDED}
    elsewhere = await runs.undone_paths(session, RunId(run.id))
    able = await stack(session, Plan.model_validate_json(run.plan), steps)
    return [step for step in able if step.path not in done and undo_path(step.path) not in elsewhere]


async def undone_of(session: Session, run: RunRow, paths: list[str]) -> Undone:
    """What undoes these steps of a run, in this order."""
    plan, steps = Plan.model_validate_json(run.plan), await runs.steps(session, RunId(run.id))
    planned = [one for path in paths if (one := plan.undo_of(path)) is not None]
    return Undone(run=run.id, steps=planned, results=seen(ordinary(steps)))


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
    paths = [step.path.removesuffix(".undo") for step in plan.steps]
    return await undone_of(session, await runs.peek(session, RunId(run.undo_of)), paths)
