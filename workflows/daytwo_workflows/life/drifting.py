"""What of a plan is another one when it is made again, as far as that counts for what is to be sent now."""

from daytwo_actions.plan.difference import Change, drift
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import PlannedStep
from daytwo_store import attempts, runs
from daytwo_store.engine import Session
from daytwo_store.ids import RunId, StepPath
from daytwo_store.tables import RunRow
from daytwo_workflows.life.own_writes import not_own


async def drifted(
    session: Session, row: RunRow, path: StepPath, before: Plan, after: Plan
) -> tuple[Plan, list[Change]]:
    """The plan as it counts now, and what has changed in it.

    A run that has begun is undone with what was true before it did. So of what undoes a step only where it is sent to
    is looked at again, and nothing else of the plan holds it back.
    """
    if await attempts.begun(session, RunId(row.id)):
        after = _undone_as_sealed(before, after)
    found = not_own(row, await runs.steps(session, RunId(row.id)), drift(before, after))
    if (await runs.step(session, RunId(row.id), path)).undoes is not None:
        found = [change for change in found if change.name.startswith("undo[")]
    return after, found


def _undone_as_sealed(before: Plan, after: Plan) -> Plan:
    undo = [
        old.model_copy(update={"pinned": new.pinned})
        if isinstance(old, PlannedStep) and isinstance(new, PlannedStep)
        else old
        for old, new in zip(before.undo, after.undo, strict=True)
    ]
    return after.model_copy(update={"undo": undo})
