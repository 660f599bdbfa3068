"""What follows when an approval says that something temporary lasts longer: its end moves in the same transaction."""

from datetime import datetime
from typing import Final

from daytwo_actions.plan.model import Plan
from daytwo_store import approvals, principals, runs
from daytwo_store.engine import Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import ApprovalRow, RunRow, StepRow
from daytwo_workflows.life.standing import plan_in

UNTIL: Final = "until"  # its new end, in what is filled in of the plan that is decided on


def lasting(run: RunRow, step: StepRow) -> bool:
    """Is it under way?"""
    return run.state == RunState.RUNNING and step.state == StepState.RUNNING and run.cancel_at is None


async def extended(tx: Tx, run: RunRow, row: ApprovalRow, *, by: PrincipalId) -> None:
    """Of a held run. Raises `Conflict` when there is nothing any more that could last longer, or it is another plan."""
    path = approvals.extends(row)
    assert path is not None, "only such an approval extends"
    step = await runs.step(tx.session, RunId(run.id), path)
    if not lasting(run, step):
        raise Conflict(f"Step {path} does not last any more. Nothing was decided. Look at the run.")
    document = Plan.model_validate_json(row.document)
    if plan_in(row) != Plan.model_validate_json(run.plan):
        raise Conflict("The run is another one than was asked about. Nothing was decided. It has to be asked again.")
    until = datetime.fromisoformat(str(document.filled[UNTIL]))
    if until <= tx.now:
        raise Conflict(f"{until:%d %b %Y %H:%M} UTC is over. Nothing was decided. It has to be asked again.")
    person = (await principals.by_ids(tx.session, [by]))[by].ref
    step.due_at, step.note = until, f"Extended by {person or by}."
    facts = {"step": path, "until": until.isoformat(), "approval": row.id}
    tx.audit(actor=by, action="step.extended", subject=f"run:{run.id}", facts=facts)
