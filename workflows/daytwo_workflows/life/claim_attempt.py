"""The compare-and-set that lets one sender send an attempt, once (A1)."""

from datetime import datetime
from typing import Final

from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.life import locking
from daytwo_workflows.life.context import Life

_LATE: Final = "It took too long until it could be sent. Nothing was sent; it is checked and tried again by itself."


async def claim(life: Life, sealed: AttemptRow) -> bool:
    """INTENT → SENT in a transaction of its own. Stopped, or without the lock: given up, nothing was sent.

    Too late: nothing was sent, and it is sealed again. What was sealed again meanwhile is not what the caller holds.
    """
    run, path = RunId(sealed.run_id), StepPath(sealed.path)
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, AttemptNo(sealed.no))
        if attempt is None or attempt.state != AttemptState.INTENT or attempt.intent_at != sealed.intent_at:
            return False
        gone = await lost(tx, row)
        if row.state != RunState.RUNNING or row.cancel_at is not None or gone:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note=gone or "stopped before it was sent")
            return False
        if lapsed(life, attempt, tx.now):
            row.reason = (await runs.step(tx.session, run, path)).note = _LATE
            return False
        row.reason = (await runs.step(tx.session, run, path)).note = None  # what was waited for is over
        return await attempts.claim(tx, attempt, sender=life.sender)


def lapsed(life: Life, attempt: AttemptRow, now: datetime) -> bool:
    """Was it sealed, and not claimed in time? Then it was not sent, and never will be as it was sealed."""
    return attempt.state == AttemptState.INTENT and now > attempt.send_by - life.windows.send_margin


async def lost(tx: Tx, row: RunRow) -> str | None:
    return None if await locking.held(tx, row) else "the lock was taken away before it was sent"
