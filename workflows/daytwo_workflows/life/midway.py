"""What is approved in the middle of a run: which steps hang on it, and how its decisions are made void.

A decision at a step binds as one before the run does. When it is void, its step and all that come after it are set
back: they have not begun any more, and the step asks anew when its turn comes.
"""

from collections.abc import Collection, Sequence
from typing import Final

from daytwo_actions.plan.model import Plan
from daytwo_store import approvals, attempts, runs, tasks
from daytwo_store.engine import Session, Tx
from daytwo_store.ids import ApprovalId, RunId, StepPath
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import ApprovalState, AttemptState, StepState
from daytwo_store.tables import ApprovalRow, RunRow, StepRow
from daytwo_workflows.life.steps.called import CALLS

_LIVE: Final = (ApprovalState.PENDING, ApprovalState.APPROVED)
_UNSENT: Final = (AttemptState.INTENT, AttemptState.ABANDONED, AttemptState.REJECTED, AttemptState.ABSENT)
_WRITES: Final = ("catalog", "notify")  # take effect without an attempt, in the transaction that ends them


def gated(plan: Plan) -> bool:
    """May people have to decide in the middle of it?"""
    return any(step.kind == "approval" and step.runs for step in plan.steps)


def only_midway(run: RunRow) -> bool:
    """Is nobody asked before the run, but somebody in its middle?"""
    plan = Plan.model_validate_json(run.plan)
    return plan.approval is None and gated(plan)


async def live(session: Session, run: RunId) -> list[ApprovalRow]:
    """Stages at steps that are decided on, or may be. Nothing hangs on what only moved the end of a lease."""
    return [
        row
        for row in await approvals.of_run(session, run)
        if row.path is not None and row.state in _LIVE and approvals.extends(row) is None
    ]


def hanging_on(steps: Sequence[StepRow], paths: Collection[str]) -> list[StepRow]:
    """These steps and all that come after them, in order. What a step needs stands before it or is named."""
    found = set(paths)
    while True:
        more = {step.path for step in steps if step.path not in found and found & _needed(step, steps)}
        if not more:
            return [step for step in steps if step.path in found]
        found |= more


def _needed(step: StepRow, steps: Sequence[StepRow]) -> set[str]:
    if step.needs is None:
        return {one.path for one in steps if one.position < step.position}
    return set(step.needs)


async def taken_effect(session: Session, steps: Sequence[StepRow]) -> StepRow | None:
    """The first of these steps of which something was sent, may have been, was written, or was called."""
    for step in steps:
        tries = await attempts.of_step(session, RunId(step.run_id), StepPath(step.path))
        sent = any(one.external_id is not None or one.state not in _UNSENT for one in tries)
        if sent or (step.kind in _WRITES and step.state == StepState.SUCCEEDED):
            return step
        if step.kind in CALLS and await runs.called(session, RunId(step.run_id), StepPath(step.path)):
            return step  # asked of the rows: a run that has begun may not be noted at its step yet
    return None


async def acted_on(session: Session, run: RunId, decided: Sequence[ApprovalRow]) -> bool:
    """Has anything of what hangs on these decisions taken effect?"""
    after = hanging_on(await runs.steps(session, run), {row.path for row in decided if row.path is not None})
    return await taken_effect(session, after) is not None


async def void(tx: Tx, run: RunRow, *, note: str, at: StepPath | None = None) -> bool:
    """The decisions at one step and at all after it, or at all, do not count any more: they are asked for anew.
    False: there were none.

    Of a held run, where nothing of what hangs on them has been sent.
    """
    every = await live(tx.session, RunId(run.id))
    paths = {row.path for row in every if row.path is not None and at in (None, row.path)}
    back = hanging_on(await runs.steps(tx.session, RunId(run.id)), paths)
    old = [row for row in every if row.path in {step.path for step in back}]
    decided = await approvals.decisions(tx.session, [row.id for row in old])
    for row in old:
        approvals.settle(tx, row, ApprovalState.SUPERSEDED)
        told = [one.principal for one in decided if one.approval_id == row.id and one.rule is None]
        if told:
            tell(tx, Notice.APPROVAL_VOID, audience=told, run=RunId(run.id), approval=ApprovalId(row.id))
    for step in back:
        runs.set_back(tx, step, note=note)
        await tasks.withdraw(tx, RunId(run.id), {step.path})
        await give_up_sealed(tx, run, note=note, at=step.path)
    await tx.session.flush()
    return bool(old)


async def give_up_sealed(tx: Tx, run: RunRow, *, note: str, at: str | None = None) -> None:
    """What was sealed and not sent is not sent as it was sealed."""
    for attempt in await attempts.of_run(tx.session, RunId(run.id)):
        if attempt.state == AttemptState.INTENT and at in (None, attempt.path):
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note=note)


async def withdraw(tx: Tx, step: StepRow) -> None:
    """A step that is given up asks nobody any more."""
    await tasks.withdraw(tx, RunId(step.run_id), {step.path})
    mine = (step.path, approvals.extension_of(step.path))
    for row in await approvals.of_run(tx.session, RunId(step.run_id)):
        if row.path in mine and row.state == ApprovalState.PENDING:
            approvals.settle(tx, row, ApprovalState.WITHDRAWN)
