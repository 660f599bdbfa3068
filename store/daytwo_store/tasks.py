"""What people do in the middle of a run: asked, taken, handed over, done. Of a held run, all of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.evidence_decisions import answers_digest
from daytwo_store.ids import PrincipalId, RunId, StepPath, TaskId, new_task_id
from daytwo_store.notifications import Notice, tell
from daytwo_store.on_call import place_of
from daytwo_store.said import said
from daytwo_store.states import TASK_MOVES, StepState, TaskState, check_move
from daytwo_store.tables import Json, PrincipalRow, RunRow, StepRow, TaskRow


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTask:
    text: str | None
    needed_from: Sequence[str]
    four_eyes: bool
    editors: Sequence[str] = ()  # of the action's file and of what asks: four eyes keep them off
    due_at: datetime
    ends_at: datetime
    remind: Sequence[int] = ()
    escalate: Sequence[str] = ()


async def ask(tx: Tx, step: StepRow, new: NewTask) -> TaskRow:
    """Ask people for what a step of a held run needs."""
    row = TaskRow(
        id=new_task_id(),
        run_id=step.run_id,
        path=step.path,
        kind="input" if step.kind == "input" else "task",
        state=TaskState.OPEN,
        text=new.text,
        needed_from=list(new.needed_from),
        looks_up=any(place_of(entry) is not None for entry in new.needed_from),
        four_eyes=new.four_eyes,
        editors=list(new.editors),
        created_at=tx.now,
        due_at=new.due_at,
        ends_at=new.ends_at,
        remind=list(new.remind),
        reminded=0,
        escalate=list(new.escalate),
    )
    tx.session.add(row)
    await tx.session.flush()
    facts = {"task": row.id, "step": row.path, "from": ", ".join(row.needed_from)}
    tx.audit(actor="daytwo", action="task.asked", subject=f"run:{row.run_id}", facts=facts)
    _tell(tx, row, Notice.TASK_ASKED, row.needed_from)
    return row


def take(tx: Tx, row: TaskRow, who: str | None, *, actor: PrincipalId, itself: bool) -> None:
    """It is somebody's now (a ref or a principal); None: everybody's again. `itself`: that is who says so."""
    before = row.claimed_by
    row.claimed_by, row.claimed_at = who, tx.now if who is not None else None
    facts = {"task": row.id, "step": row.path, "to": who or "everybody", "before": before or "nobody"}
    action = "task.taken" if itself else "task.handed_over"
    tx.audit(actor=actor, action=action, subject=f"run:{row.run_id}", facts=facts)
    told = [one for one in (before, None if itself else who) if one is not None]
    _tell(tx, row, Notice.TASK_HANDED_OVER, told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How somebody ends a task."""

    state: TaskState
    by: PrincipalId
    words: str
    answers: Json | None = None
    on_behalf_of: PrincipalId | None = None


def settle(tx: Tx, row: TaskRow, outcome: Outcome) -> None:
    """A person has done it, or says that it cannot be done."""
    row.settled_by, row.on_behalf_of = outcome.by, outcome.on_behalf_of
    row.words, row.answers = outcome.words or None, outcome.answers
    facts = said(row.words)
    if outcome.answers is not None:
        facts["answers"] = answers_digest(outcome.answers)
    if outcome.on_behalf_of is not None:
        facts["on_behalf_of"] = outcome.on_behalf_of
    end(tx, row, outcome.state, actor=outcome.by, **facts)


def end(tx: Tx, row: TaskRow, state: TaskState, *, actor: str = "daytwo", **facts: str) -> None:
    """Raises `IllegalMove`."""
    check_move(TASK_MOVES, TaskState(row.state), state)
    row.state, row.settled_at = state, tx.now
    facts = {"task": row.id, "step": row.path, **facts}
    tx.audit(actor=actor, action=f"task.{state}", subject=f"run:{row.run_id}", facts=facts)
    tx.notify(Topic.RUN, row.run_id)


async def withdraw(tx: Tx, run: RunId, paths: Collection[str] | None = None) -> None:
    """These steps, or all, ask nobody any more."""
    query = select(TaskRow).where(TaskRow.run_id == run, TaskRow.state == TaskState.OPEN)
    for row in await tx.session.scalars(query):
        if paths is None or row.path in paths:
            end(tx, row, TaskState.WITHDRAWN)


def attend(tx: Tx, row: TaskRow) -> datetime:
    """Do what is due at an open task; when to look again."""
    later = [row.ends_at]
    if row.escalate and row.escalated_at is None:
        if row.due_at <= tx.now:
            _escalate(tx, row)
        else:
            later.append(row.due_at)
    moments = [row.created_at + timedelta(seconds=after) for after in row.remind]
    passed = sum(moment <= tx.now for moment in moments)
    if passed > row.reminded:
        row.reminded = passed
        _tell(tx, row, Notice.TASK_REMINDER, [row.claimed_by] if row.claimed_by else row.needed_from)
    return min([*later, *moments[passed:]])


def _escalate(tx: Tx, row: TaskRow) -> None:
    others = [name for name in row.escalate if name not in row.needed_from]
    row.needed_from = [*row.needed_from, *others]
    row.escalated_at = tx.now
    facts = {"task": row.id, "step": row.path, "to": ", ".join(row.escalate)}
    tx.audit(actor="daytwo", action="task.escalated", subject=f"run:{row.run_id}", facts=facts)
    _tell(tx, row, Notice.TASK_ESCALATED, others)


async def get(session: AsyncSession, task: TaskId) -> TaskRow | None:
    return await session.get(TaskRow, task, populate_existing=True)


async def newest(session: AsyncSession, run: RunId, path: StepPath) -> TaskRow | None:
    found: TaskRow | None = await session.scalar(
        select(TaskRow).where(TaskRow.run_id == run, TaskRow.path == path).order_by(TaskRow.id.desc()).limit(1)
    )
    return found


async def of_run(session: AsyncSession, run: RunId) -> Sequence[TaskRow]:
    """Every task that was ever asked for a run, oldest first."""
    return (await session.scalars(select(TaskRow).where(TaskRow.run_id == run).order_by(TaskRow.id))).all()


async def fillers(session: AsyncSession, run: RunId) -> list[str]:
    """Who did what stands done in a run, and for whom, by ref or principal: in it, in what it resumes or was called
    by, and in what those called. The values that they gave may stand in whatever the run does from now on."""
    family = select(RunRow.id, RunRow.parent_run, RunRow.resume_of).where(RunRow.id == run).cte(recursive=True)
    kin = or_(RunRow.id.in_([family.c.parent_run, family.c.resume_of]), RunRow.parent_run == family.c.id)
    family = family.union(select(RunRow.id, RunRow.parent_run, RunRow.resume_of).join(family, kin))
    theirs = TaskRow.run_id.in_(select(family.c.id))
    newest = select(func.max(TaskRow.id)).where(theirs).group_by(TaskRow.run_id, TaskRow.path)
    found = await session.scalars(
        select(func.coalesce(PrincipalRow.ref, PrincipalRow.id))
        .join(TaskRow, or_(PrincipalRow.id == TaskRow.settled_by, PrincipalRow.id == TaskRow.on_behalf_of))
        .join(StepRow, and_(StepRow.run_id == TaskRow.run_id, StepRow.path == TaskRow.path))
        .where(TaskRow.id.in_(newest), TaskRow.state == TaskState.DONE, StepRow.state == StepState.SUCCEEDED)
        .distinct()
    )
    return sorted(found)


def _tell(tx: Tx, row: TaskRow, kind: Notice, audience: Sequence[str]) -> None:
    facts = {"task": row.id, "step": row.path, "due_at": row.due_at.isoformat()}
    tell(tx, kind, audience=audience, run=RunId(row.run_id), facts=facts)
    tx.notify(Topic.RUN, row.run_id)
