"""What was approved is void: the first stage is asked anew, with the difference shown, and the place is given up."""

from collections.abc import Sequence
from typing import Final

from daytwo_actions.plan.difference import Change
from daytwo_actions.plan.model import Plan, digest_of
from daytwo_store import approvals, locks, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import ApprovalId, RunId
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import ApprovalState, RunState, StepState
from daytwo_store.tables import RunRow
from daytwo_workflows.life import midway, standing, step_rows
from daytwo_workflows.life.accept import ask_for_approval
from daytwo_workflows.life.locking import plan_locks

CHANGED: Final = "What was approved has changed before it was sent, so it is asked for again. Nothing was sent."


async def ask_again(tx: Tx, row: RunRow, after: Plan, changes: Sequence[Change], *, reason: str = CHANGED) -> None:
    """A new approval of a held run, for the plan as it is now. The caller gives back the lock.

    What was decided in its middle was about the old plan, and is asked for anew when its turn comes.
    """
    old = await standing.of_run(tx.session, RunId(row.id))
    decided = await approvals.decisions(tx.session, [stage.id for stage in old])
    before = Plan.model_validate_json(row.plan)
    text = after.canonical()
    row.plan, row.digest, row.protected = text, digest_of(text), True
    plan_locks(row, after)
    await midway.void(tx, row, note=CHANGED)
    await midway.give_up_sealed(tx, row, note=CHANGED)
    await step_rows.renew(tx, before, after)
    row.window = None
    for stage in old:
        approvals.settle(tx, stage, ApprovalState.SUPERSEDED)
    if old:
        told = [one.principal for one in decided if one.rule is None]
        tell(tx, Notice.APPROVAL_VOID, audience=told, run=RunId(row.id), approval=ApprovalId(old[-1].id))
    await tx.session.flush()
    await ask_for_approval(
        tx,
        row,
        after.approval or standing.as_before(old, tx.now),
        supersedes=ApprovalId(old[-1].id) if old else None,
        drift=changes,
    )
    for step in await runs.steps(tx.session, RunId(row.id)):
        if step.state == StepState.RUNNING:
            step.note = "asked for approval again, because something changed"
    if row.state == RunState.WAITING_APPROVAL:
        row.reason = reason
    else:
        runs.move(tx, row, RunState.WAITING_APPROVAL, reason=reason)


async def give_back(tx: Tx, row: RunRow, keys: Sequence[str]) -> None:
    """The locks of a held run, or its places in the queues."""
    await tx.session.flush()
    row.fence = None
    if keys:
        await locks.release(tx, keys, RunId(row.id))
