"""Who may go on with a request that was sent, and of which nobody knows what came of it: the fence of repeats."""

from daytwo_actions.definitions.steps.common import Effect
from daytwo_store import attempts, freezes, runs
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState, RunState, StepState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.claim_attempt import lost
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.failing import hold
from daytwo_workflows.life.steps.http import UNKNOWN, effect_of, held, unknown


async def claim_again(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> AttemptRow | None:
    """The attempt if it may be repeated or looked for now; what is a person's matter is held in here.

    Never while somebody may still be sending it, whoever asks: an activity that is tried again comes here too.
    """
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        step = await runs.step(tx.session, run, path)
        attempt = await attempts.get(tx.session, run, path, no)
        if attempt is None or attempt.state not in UNKNOWN or step.state != StepState.RUNNING:
            return None
        if row.state != RunState.RUNNING or row.cancel_at is not None:
            return None
        if unknown(life, tx, row, step, attempt).what is not What.ACT:
            return None
        if await lost(tx, row):
            hold(tx, row, step, held(tx, attempt))
            return None
        await freezes.read_locked(tx.session)
        if await freezes.stopped(tx.session) is not None:
            return None  # if the first has not arrived, this would do it
        if attempt.state == AttemptState.SENT:  # from now on no answer to a repeat proves anything of the first
            attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note="the sender broke off")
        attempt.send_by = max(attempt.send_by, tx.now)  # its bytes leave within send_total from now
        attempt.settled_at = attempt.retry_at = None
        if effect_of(step) is not Effect.CHECKABLE:
            facts = {"step": path, "attempt": str(no), "digest": attempt.digest}
            tx.audit(actor="daytwo", action="attempt.repeated", subject=f"run:{run}", facts=facts)
        return attempt
