"""`approval`: people decide in the middle of a run. The same rows, the same inbox and the same rules as before a run.

What they decide on is the plan, with what earlier steps have left: both are under the digest of their approval.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from daytwo_actions.definitions.approval_stage import ApprovalStage
from daytwo_actions.definitions.steps.approval import ApprovalStep
from daytwo_actions.expressions import Evaluator
from daytwo_actions.plan.approvers import planned_approval
from daytwo_actions.plan.difference import drift
from daytwo_actions.plan.model import Plan, PlannedApproval
from daytwo_actions.plan.program import approval_program
from daytwo_store import approvals, principals, runs, tasks
from daytwo_store.engine import Tx
from daytwo_store.ids import ApprovalId, Digest, RunId, StepPath
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import ApprovalState, StepState, Verdict
from daytwo_store.tables import ApprovalRow, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import standing
from daytwo_workflows.life.accept import ask_for_approval
from daytwo_workflows.life.asked_by import asked
from daytwo_workflows.life.attending import attend
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import facts_of, with_people
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.kind import Kind
from daytwo_workflows.life.steps.results import left


async def _begin(life: Life, tx: Tx, run: RunRow, step: StepRow) -> None:
    """Raises `Rejected` when there is nobody who could decide."""
    version = await life.definitions.of_run(tx.session, Digest(run.version))
    model = next(one for one in version.model.spec.steps if one.id == step.path)
    assert isinstance(model, ApprovalStep), "the definition of a run stays as it is"
    planned = await _planned(life, tx, run, model.with_.stage)
    await ask(tx, run, step, planned)


async def _planned(life: Life, tx: Tx, run: RunRow, stage: ApprovalStage) -> PlannedApproval:
    program = (approval_program(stage),)
    facts = await facts_of(life, tx.session, await asked(life, tx.session, run))
    facts = replace(facts, fillers=await tasks.fillers(tx.session, RunId(run.id)))
    planned = planned_approval(program, Evaluator(), await with_people(tx.session, program, facts))
    assert planned is not None, "a step that asks always asks"
    return planned


async def ask(tx: Tx, run: RunRow, step: StepRow, planned: PlannedApproval) -> None:
    """Open the first stage, about what is known now."""
    at = sealed_at(run, step, await runs.steps(tx.session, RunId(run.id)))
    old = await approvals.newest(tx.session, RunId(run.id), StepPath(step.path))
    await ask_for_approval(
        tx,
        run,
        planned,
        at=at,
        supersedes=ApprovalId(old.id) if old else None,
        drift=drift(Plan.model_validate_json(old.document), at) if old else (),
    )
    step.due_at = planned.expires_at


def sealed_at(run: RunRow, step: StepRow, steps: Sequence[StepRow]) -> Plan:
    """What is decided on at a step: the plan, the results so far, and what the step's holes have become."""
    filled = {key: value for key, value in (step.given or {}).items() if key not in ("from", "effect")}
    return Plan.model_validate_json(run.plan).model_copy(
        update={"at": step.path, "results": left(steps), "filled": filled}
    )


async def _next(_life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    move = await decided(tx, run, step)
    if move is None and step.state == StepState.RUNNING:
        runs.move_step(tx, step, StepState.SUCCEEDED, note="approved")
    return move


async def decided(tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    """Wait for a decision; None when it is made. What is not approved has failed by then."""
    row = await approvals.newest(tx.session, RunId(run.id), StepPath(step.path))
    assert row is not None, "a step that waits for a decision has asked for it"
    match ApprovalState(row.state):
        case ApprovalState.APPROVED:
            return None
        case ApprovalState.PENDING if row.expires_at > tx.now:
            step.due_at = row.expires_at
            return _until(tx, attend(tx, row))
        case ApprovalState.PENDING:
            approvals.settle(tx, row, ApprovalState.EXPIRED)
            audience = [run.requester, *row.needed_from]
            tell(tx, Notice.APPROVAL_EXPIRED, audience=audience, run=RunId(run.id), approval=ApprovalId(row.id))
            return fail(tx, step, "Nobody decided in time.")
        case ApprovalState.REJECTED:
            return fail(tx, step, await _rejected(tx, row))
        case _:
            return fail(tx, step, f"What was to be approved here is {row.state}.")


def _until(tx: Tx, moment: datetime) -> Move:
    return Move(what=What.WAIT, seconds=max(0.0, (moment - tx.now).total_seconds()))


async def _rejected(tx: Tx, row: ApprovalRow) -> str:
    found = [one for one in await approvals.decisions(tx.session, [row.id]) if one.verdict == Verdict.REJECT]
    people = await principals.by_ids(tx.session, {one.principal for one in found})
    said = "; ".join(f"{people[one.principal].name}: {one.comment}" for one in found)
    return f"It was rejected ({said})." if said else "It was rejected."


async def ask_again(tx: Tx, run: RunRow, step: StepRow) -> bool:
    """A protected step has its holes filled: those who approved the run are asked about it. False: nobody had to."""
    stages = await standing.of_run(tx.session, RunId(run.id))
    if not stages:
        return False
    await ask(tx, run, step, standing.as_before(stages, tx.now))
    return True


APPROVAL = Kind(begin=_begin, next=_next)
