"""`task` and `input`: people do something, or give values, in the middle of a run. What they leave are its results."""

from datetime import datetime, timedelta

from pydantic import JsonValue

from daytwo_actions.definitions.approvers import remind_after
from daytwo_actions.definitions.steps.task import Asked, PeopleStep
from daytwo_actions.expressions import Evaluator
from daytwo_actions.plan.approvers import planned_approval
from daytwo_actions.plan.program import approval_program
from daytwo_store import outputs, principals, reachable, runs, tasks
from daytwo_store.engine import Session, Tx
from daytwo_store.ids import Digest, RunId, StepPath
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import StepState, TaskState
from daytwo_store.tables import RunRow, StepRow, TaskRow
from daytwo_store.tasks import NewTask
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.accept import editors_in
from daytwo_workflows.life.asked_by import asked
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import facts_of, with_people
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.steps.kind import Kind

_LOOK_AGAIN = timedelta(minutes=10)  # whether there is somebody by now


async def _begin(life: Life, tx: Tx, run: RunRow, step: StepRow) -> None:
    """Raises `Rejected` when there is nobody who could do it."""
    version = await life.definitions.of_run(tx.session, Digest(run.version))
    model = next(one for one in version.model.spec.steps if one.id == step.path)
    assert isinstance(model, PeopleStep), "the definition of a run stays as it is"
    text = (step.given or {}).get("text")
    ends_at = tx.now + timedelta(seconds=step.timeout)
    row = await ask_people(
        life, tx, run, step, model.asked, text=str(text) if text is not None else None, ends_at=ends_at
    )
    step.due_at, step.data = row.ends_at, _told(row, nobody=await nobody(tx.session, run, row))


async def ask_people(
    life: Life, tx: Tx, run: RunRow, step: StepRow, want: Asked, *, text: str | None, ends_at: datetime
) -> TaskRow:
    """Raises `Rejected` when there is nobody who could do it."""
    await tx.session.flush()
    return await tasks.ask(
        tx,
        step,
        NewTask(
            text=text,
            needed_from=await _needed(life, tx, run, want),
            four_eyes=want.four_eyes,
            editors=editors_in(run.plan),
            due_at=min(tx.now + want.due, ends_at),
            ends_at=ends_at,
            remind=sorted({int(remind_after(one, want.due).total_seconds()) for one in want.remind}),
            escalate=[name for name in (run.owner if one == "owner" else one for one in want.escalate) if name],
        ),
    )


async def _needed(life: Life, tx: Tx, run: RunRow, want: Asked) -> list[str]:
    """Whom it asks: worked out as for an approval."""
    program = (approval_program(want.stage),)
    facts = await facts_of(life, tx.session, await asked(life, tx.session, run))
    planned = planned_approval(program, Evaluator(), await with_people(tx.session, program, facts))
    assert planned is not None, "a step that asks always asks"
    return planned.needed_from


async def _next(_life: Life, tx: Tx, run: RunRow, step: StepRow) -> Move | None:
    row = await tasks.newest(tx.session, RunId(run.id), StepPath(step.path))
    assert row is not None, "a step that waits for people has asked them"
    match TaskState(row.state):
        case TaskState.OPEN if row.ends_at <= tx.now:
            tasks.end(tx, row, TaskState.EXPIRED)
            return fail(tx, step, "Nobody did it in time.")
        case TaskState.OPEN:
            again = tasks.attend(tx, row)
            alone = await nobody(tx.session, run, row)
            step.data = _told(row, nobody=alone)
            moment = min(again, tx.now + _LOOK_AGAIN) if alone else again
            return Move(what=What.WAIT, seconds=max(0.0, (moment - tx.now).total_seconds()))
        case TaskState.DONE:
            who = (await principals.by_ids(tx.session, [row.settled_by or ""])).get(row.settled_by or "")
            outputs.keep(tx, step, dict(row.answers or {}), OutputsSource.PERSON)
            runs.move_step(tx, step, StepState.SUCCEEDED, note=f"done by {who.name if who else 'somebody'}")
            return None
        case TaskState.FAILED:
            who = (await principals.by_ids(tx.session, [row.settled_by or ""])).get(row.settled_by or "")
            return fail(tx, step, f"It cannot be done ({who.name if who else 'somebody'}: {row.words}).")
        case _:
            return fail(tx, step, f"What was asked of people here is {row.state}.")


def _told(row: TaskRow, *, nobody: bool) -> dict[str, JsonValue]:
    """What the run's page says while it waits, without another look at the task."""
    return {
        "task": row.id,
        "from": list(row.needed_from),
        "due_at": row.due_at.isoformat(),
        "claimed_by": row.claimed_by,
        "nobody": nobody,
        "escalates": bool(row.escalate),
    }


async def nobody(session: Session, run: RunRow, row: TaskRow) -> bool:
    """Is there nobody right now who could do it? Then it waits for somebody to be added to the catalog."""
    never = set()
    if row.four_eyes:
        who = (await principals.by_ids(session, [run.requester]))[run.requester]
        never = {who.ref or who.id, *row.editors}
    return not await reachable.anybody(session, row.needed_from, but=never)


PEOPLE = Kind(begin=_begin, next=_next)
