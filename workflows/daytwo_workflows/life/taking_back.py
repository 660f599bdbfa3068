"""Somebody takes their approval back. It counts until something is sent, so until then it can be taken back.

Where the stage still waits for others, it waits for one more. Where it had been approved, what was approved no longer
is: everything is void, and the first stage is asked anew. A rejection has ended the run and stays.
"""

from datetime import datetime

from daytwo_actions.plan.difference import Change
from daytwo_actions.plan.model import Plan, PlannedApproval
from daytwo_store import approvals, locks, principals, runs
from daytwo_store.engine import Session, Store, Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import ApprovalId, PrincipalId, RunId, StepPath
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import UNSENT, ApprovalState, RunState, Verdict
from daytwo_store.tables import ApprovalRow, RunRow
from daytwo_workflows.life import midway, standing
from daytwo_workflows.life.asking_again import ask_again, give_back
from daytwo_workflows.life.decide import held


async def take_back(store: Store, approval: ApprovalId, *, by: PrincipalId) -> bool:
    """True when it had been taken back before. Raises `Conflict` when there is nothing to take back, or it is too late.

    Whoever decided may always do this, also when they would not be entitled any more.
    """
    async with store.write() as tx:
        row, run = await held(tx, approval)
        mine = [one for one in await approvals.decisions(tx.session, [row.id], taken_back=True) if one.principal == by]
        counts = [one for one in mine if one.withdrawn_at is None]
        if not counts:
            if mine:
                return True
            raise Conflict("You have not decided on this, so there is nothing to take back. Nothing was changed.")
        if counts[0].verdict == Verdict.REJECT:
            raise Conflict(
                "You rejected it, and that has ended the run. Nothing was changed. It can be asked for anew."
            )
        if row.path is not None:
            await must_be_unsent(tx.session, row, run, StepPath(row.path))
        elif RunState(run.state) not in UNSENT:
            raise Conflict(
                f"It is too late: the run is {run.state}. Nothing was changed. Cancel the run if it has to stop."
            )
        if row.state == ApprovalState.SUPERSEDED:
            raise Conflict("This approval is void already, and your decision with it. Nothing was changed.")
        approvals.take_back(tx, row, counts[0], actor=by)
        name = (await principals.by_ids(tx.session, [by]))[by].name
        if row.path is not None and row.state != ApprovalState.PENDING:
            note = f"{name} has taken back their approval, so it is asked for again"
            await midway.void(tx, run, note=note, at=StepPath(row.path))
        elif row.state != ApprovalState.PENDING:
            await _void(tx, run, name)
        facts = {"by": by}
        tell(
            tx,
            Notice.DECISION_WITHDRAWN,
            audience=[run.requester],
            run=RunId(run.id),
            approval=ApprovalId(row.id),
            facts=facts,
        )
        tx.poke(RunId(run.id))
    return False


async def must_be_unsent(session: Session, row: ApprovalRow, run: RunRow, path: StepPath) -> None:
    """A decision in the middle of a run counts until something of what hangs on it takes effect. Raises `Conflict`."""
    if approvals.extends(row) is not None and row.state != ApprovalState.PENDING:
        raise Conflict("It is too late: it lasts longer already. Nothing was changed. It can be given back early.")
    if RunState(run.state) not in (*UNSENT, RunState.RUNNING, RunState.NEEDS_ATTENTION) or run.cancel_at is not None:
        raise Conflict(f"It is too late: the run is {run.state}, and goes on no more. Nothing was changed.")
    if row.state not in (ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.SUPERSEDED):
        raise Conflict(f"It is too late: this approval is {row.state}. Nothing was changed.")
    after = midway.hanging_on(await runs.steps(session, RunId(run.id)), {path})
    sent = await midway.taken_effect(session, after)
    if sent is not None:
        raise Conflict(
            f"It is too late: {sent.path} has begun since. Nothing was changed. Cancel the run if it has to stop."
        )


def _asked_anew(plan: Plan, first: ApprovalRow, now: datetime) -> PlannedApproval | None:
    """The same people, with the whole time again; None where the definition asks for nobody any more."""
    if plan.approval is None:
        return None
    return plan.approval.model_copy(update={"expires_at": now + (first.expires_at - first.created_at)})


async def _void(tx: Tx, run: RunRow, name: str) -> None:
    stages: list[ApprovalRow] = list(await standing.of_run(tx.session, RunId(run.id)))
    plan = Plan.model_validate_json(run.plan)
    after = plan.model_copy(update={"approval": _asked_anew(plan, stages[0], tx.now)})
    keys = locks.keys_of(run)
    await ask_again(
        tx,
        run,
        after,
        [Change(f"approval of {name}", "approved", "taken back")],
        reason=f"{name} has taken back their approval, so it is asked for again. Nothing was sent.",
    )
    await give_back(tx, run, keys)
