"""The compare-and-set that lets one sender send an attempt, once (A1)."""

from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life import locking
from daytwo_workflows.life.context import Life


async def claim(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> bool:
    """INTENT → SENT in a transaction of its own. Too late, stopped, or without the lock: given up, nothing was sent."""
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        if attempt is None or attempt.state != AttemptState.INTENT:
            return False
        gone = await lost(tx, row)
        if row.state != RunState.RUNNING or row.cancel_at is not None or gone:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note=gone or "stopped before it was sent")
            return False
        if tx.now > attempt.send_by - life.windows.send_margin:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note="its time had passed before it was sent")
            return False
        row.reason = (await runs.step(tx.session, run, path)).note = None  # what was waited for is over
        return await attempts.claim(tx, attempt, sender=life.sender)


async def lost(tx: Tx, row: RunRow) -> str | None:
    return None if await locking.held(tx, row) else "the lock was taken away before it was sent"
