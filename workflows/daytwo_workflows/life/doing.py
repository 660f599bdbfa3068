"""What people do about a task: take it, hand it over, do it, or say that it cannot be done.

First accepted wins: its deadline, the end of its run and everybody else who does it are decided in one order, by the
row of the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from daytwo_actions.form import accept_asked, without_secrets
from daytwo_actions.hands import Chore, hand
from daytwo_actions.voices import Human, Voice
from daytwo_store import principals, runs, secret_values, tasks
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.ids import Digest, PrincipalId, RunId, StepPath, TaskId
from daytwo_store.states import TaskState
from daytwo_store.tables import RunRow, TaskRow
from daytwo_store.tasks import Outcome
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.filling import Ground, ground_of
from daytwo_workflows.life.people import belongings, entitled_by, voter
from daytwo_workflows.life.steps.results import seen

_NOTHING = "Nothing was changed."


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What somebody has done, and what they leave."""

    task: TaskId
    by: PrincipalId
    answers: Mapping[str, JsonValue]
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    """An open task of a held run, and who wants to do something about it."""

    row: TaskRow
    run: RunRow
    human: Human
    voice: Voice


async def claim(life: Life, task: TaskId, *, by: PrincipalId, over: bool = False) -> None:
    """Take it. `over`: also from whoever has it. Raises `Conflict`, `Forbidden`."""
    async with life.store.write() as tx:
        here = await _open(tx, task, by)
        if here.row.claimed_by == here.human.key:
            return
        _must_be_free(here, over=over)
        tasks.take(tx, here.row, here.human.key, actor=by, itself=True)
        tx.poke(RunId(here.run.id))


async def hand_over(life: Life, task: TaskId, *, by: PrincipalId, to: str | None) -> None:
    """To a person who may do it, or back to everybody. Raises `Conflict`, `Forbidden`, `Rejected`."""
    async with life.store.write() as tx:
        here = await _open(tx, task, by)
        _must_be_free(here, over=False)
        if to is not None:
            await _must_be_able(tx.session, here, to)
        if here.row.claimed_by != to:
            tasks.take(tx, here.row, to, actor=by, itself=False)
            tx.poke(RunId(here.run.id))


async def complete(life: Life, done: Done) -> bool:
    """It is done. True: it was before, by this very person with these very answers.

    Raises `InputRejected` with every fault, `ChoicesUnavailable`, `Conflict`, `Forbidden`.
    """
    async with life.store.read() as session:
        row = await _there(session, done.task)
        run = await runs.peek(session, RunId(row.run_id))
        here = await ground(life, session, row, run, done.by) if row.state == TaskState.OPEN else None
    given: Mapping[str, JsonValue] = {}
    secret: dict[str, str] = {}
    if here is not None:
        accepted = await accept_asked(
            here.form, context=here.context, answers=done.answers, sources=here.sources, outcome=_NOTHING.rstrip(".")
        )
        shown, secret = without_secrets(here.form, accepted)
        given = {name: shown.get(name) for name, field in here.form.fields.items() if not field.secret}
    async with life.store.write() as tx:
        row, run = await _held(tx, done.task)
        if row.state == TaskState.DONE and row.settled_by == done.by and _same(row, done.answers):
            return True
        found = await _able(tx.session, row, run, done.by, now=tx.now)
        _must_be_open(tx, row, run)
        mine = _Held(row, run, *found)
        _must_be_free(mine, over=False)
        lent = mine.voice.lent
        outcome = Outcome(
            state=TaskState.DONE,
            by=done.by,
            words=done.words.strip(),
            answers=dict(given),
            on_behalf_of=lent.by.principal if lent is not None else None,
        )
        tasks.settle(tx, row, outcome)
        at = StepPath(row.path)
        await secret_values.put_inputs(tx, life.keys.ring, RunId(run.id), secret, step=at, by=done.by)
        tx.poke(RunId(run.id))
    return False


async def give_up(life: Life, task: TaskId, *, by: PrincipalId, words: str) -> None:
    """It cannot be done: its step fails. Raises `Rejected`, `Conflict`, `Forbidden`."""
    if not words.strip():
        raise Rejected(f"Say why it cannot be done: whoever asked for the run reads it. {_NOTHING}")
    async with life.store.write() as tx:
        here = await _open(tx, task, by)
        _must_be_free(here, over=False)
        tasks.settle(tx, here.row, Outcome(state=TaskState.FAILED, by=by, words=words.strip()))
        tx.poke(RunId(here.run.id))


async def ground(life: Life, session: Session, row: TaskRow, run: RunRow, who: PrincipalId) -> Ground:
    """All that its form is resolved with. Raises `Forbidden` for who may not do it, and what looking raises."""
    await _able(session, row, run, who, now=await life.store.clock.now(session))
    version = await life.definitions.of_run(session, Digest(run.version))
    steps = await runs.steps(session, RunId(run.id))
    return await ground_of(
        life,
        session,
        run,
        who,
        version=version,
        form=version.step_forms[row.path],
        names=("inputs", "run"),
        more={"steps": seen(steps)},
    )


async def chore(session: Session, row: TaskRow, run: RunRow) -> Chore:
    who = (await principals.by_ids(session, [run.requester]))[run.requester]
    return Chore(
        needed_from=row.needed_from,
        requester=who.ref or who.id,
        requester_name=who.name,
        four_eyes=row.four_eyes,
        editors=row.editors,
    )


async def _open(tx: Tx, task: TaskId, by: PrincipalId) -> _Held:
    row, run = await _held(tx, task)
    human, found = await _able(tx.session, row, run, by, now=tx.now)
    _must_be_open(tx, row, run)
    return _Held(row, run, human, found)


async def _held(tx: Tx, task: TaskId) -> tuple[TaskRow, RunRow]:
    row = await _there(tx.session, task)
    run = await runs.hold(tx, RunId(row.run_id))
    return await _there(tx.session, task), run


async def _there(session: Session, task: TaskId) -> TaskRow:
    row = await tasks.get(session, task)
    if row is None:
        raise NotFound(f"There is no task {task}, or you may not see it. Look at your tasks.")
    return row


async def _able(session: Session, row: TaskRow, run: RunRow, by: PrincipalId, *, now: datetime) -> tuple[Human, Voice]:
    who = (await principals.by_ids(session, [by]))[by]
    human = await voter(session, who, entries=row.needed_from, now=now)
    found = hand(human, await chore(session, row, run))
    if isinstance(found, str):
        raise Forbidden(f"{found} {_NOTHING}")
    return human.own, found


def _must_be_open(tx: Tx, row: TaskRow, run: RunRow) -> None:
    if row.state != TaskState.OPEN:
        raise Conflict(f"This is {row.state} already. {_NOTHING}")
    if run.cancel_at is not None:
        raise Conflict(f"The run is being stopped, so nothing is to be done here any more. {_NOTHING}")
    if row.ends_at <= tx.now:
        raise Conflict(f"The time for this was over at {row.ends_at:%d %b %Y %H:%M} UTC. {_NOTHING}")


def _must_be_free(here: _Held, *, over: bool) -> None:
    holder = here.row.claimed_by
    if holder not in (None, here.human.key) and not over:
        raise Conflict(f"{holder} has taken this. {_NOTHING} Take it over if they cannot do it.")


async def _must_be_able(session: Session, here: _Held, to: str) -> None:
    if here.row.four_eyes and to == (await chore(session, here.row, here.run)).requester:
        raise Rejected(f"{to} asked for this run, so somebody else has to do this (four eyes). {_NOTHING}")
    if here.row.four_eyes and to in here.row.editors:
        raise Rejected(
            f"{to} last changed the file of this action, or had a trigger or a schedule ask for it, so somebody else "
            f"has to do this (four eyes). {_NOTHING}"
        )
    known = await belongings(session, to)
    belongs = await entitled_by(session, to, here.row.needed_from, known)
    if not known or belongs.isdisjoint(here.row.needed_from):
        raise Rejected(f"{to} is not one of those who may do this. {_NOTHING} Hand it over to one of them.")


def _same(row: TaskRow, answers: Mapping[str, JsonValue]) -> bool:
    kept = row.answers or {}
    return all(kept.get(name) == value for name, value in answers.items() if name in kept)
