"""`notify`: people are told, by the outbox that tells everything else, in the transaction that ends the step."""

from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.kind import Kind


async def _next(_life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    asked = (step.given or {}).get("to")
    named = [str(one) for one in asked] if isinstance(asked, list) else []
    meant = {"requester": run.requester, "owner": run.owner}
    audience = [name for one in named if (name := meant.get(one, one)) is not None]
    # The words stay with the step, which says who may read them; the notice names it.
    tell(tx, Notice.STEP_MESSAGE, audience=audience, run=RunId(run.id), facts={"step": step.path})
    runs.move_step(tx, step, StepState.SUCCEEDED, note=None if audience else "there was nobody to tell")
    return None


NOTIFY = Kind(next=_next, writes=True)
