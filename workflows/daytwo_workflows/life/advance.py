"""What happens next to a run. One transaction, decided by the rows alone; asking twice gives the same answer.

So a run can be driven by any worker, by a workflow that was started again after Temporal lost its data, or twice at
once, without anything happening twice.
"""

from datetime import timedelta

from daytwo_store import approvals, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import ApprovalId, RunId
from daytwo_store.locks import Queue
from daytwo_store.notifications import Notice, tell
from daytwo_store.on_call import called
from daytwo_store.states import RUN_ENDS, ApprovalState, RunState
from daytwo_store.tables import ApprovalRow, RunRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import locking, replacing
from daytwo_workflows.life.attending import attend
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import keep_truthful
from daytwo_workflows.life.flow import next_of_steps
from daytwo_workflows.life.steps.dispatch import late_logs
from daytwo_workflows.life.stop import next_of_stopping
from daytwo_workflows.life.undoing import next_of_undoing
from daytwo_workflows.life.window import next_of_window

_ACT_TAKES = timedelta(seconds=60)  # after it the sweeper looks, which is harmless
_COLLECTING_TAKES = timedelta(minutes=10)  # a long log


async def advance(life: Life, run: RunId) -> Move:
    """Decide and write down the next move of a run."""
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        move = await advance_within(life, tx, row)
    if row.state == RunState.WAITING_LOCK and row.lock_queue == Queue.REPLACE:
        await replacing.ask_holders_to_stop(life, row)
    return move


async def advance_within(life: Life, tx: Tx, row: RunRow) -> Move:
    """The same for a held run, in the transaction that changed what it is decided by."""
    await tx.session.flush()
    move = await _decide(life, tx, row)
    if row.changes:
        keep_truthful(row, await runs.steps(tx.session, RunId(row.id)))
    if move.what is What.END:
        await tx.session.flush()
        move = await late_logs(tx, row) or move
    if row.ended_at is None:
        takes = _COLLECTING_TAKES if move.what is What.COLLECT else _ACT_TAKES
        row.next_at = tx.now + (takes if move.seconds is None else timedelta(seconds=move.seconds))
    return move


async def _decide(life: Life, tx: Tx, row: RunRow) -> Move:
    if RunState(row.state) in RUN_ENDS:
        return Move(what=What.END)
    if row.cancel_at is not None:
        return await next_of_stopping(life, tx, row)
    if row.undoing is not None:
        return await next_of_undoing(life, tx, row)
    return (
        await _gate(tx, row)
        or await next_of_window(life, tx, row)
        or await locking.take(life, tx, row)
        or await next_of_steps(life, tx, row)
    )


async def _gate(tx: Tx, row: RunRow) -> Move | None:
    """Approval comes first."""
    if row.state != RunState.WAITING_APPROVAL:
        return None
    approval = await approvals.newest(tx.session, RunId(row.id))
    assert approval is not None, "a run waits for an approval that was never asked for"
    if approval.state == ApprovalState.APPROVED:
        return None
    if approval.expires_at > tx.now:
        return Move(what=What.WAIT, seconds=(attend(tx, approval) - tx.now).total_seconds())
    approvals.settle(tx, approval, ApprovalState.EXPIRED)
    audience = [row.requester, *approval.needed_from]
    tell(tx, Notice.APPROVAL_EXPIRED, audience=audience, run=RunId(row.id), approval=ApprovalId(approval.id))
    await runs.end(
        tx,
        row,
        RunState.EXPIRED,
        reason=f"{_nobody(approval)} decided in time. Nothing was sent. Ask again if it is still wanted.",
    )
    return Move(what=What.END)


def _nobody(approval: ApprovalRow) -> str:
    asked = ", ".join(called(one) for one in approval.needed_from)
    who = f"{'Nobody' if approval.count == 1 else f'Fewer than {approval.count}'} of {asked}"
    total = approval.stage + len(approval.later)
    return f"In stage {approval.stage} of {total}, {who[0].lower()}{who[1:]}" if total > 1 else who
