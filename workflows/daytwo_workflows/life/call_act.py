"""Asking for one of the runs that a step calls."""

from datetime import timedelta

from daytwo_store import runs
from daytwo_store.engine import Session
from daytwo_store.errors import Conflict, DaytwoError, Rejected, Unavailable
from daytwo_store.ids import AttemptNo, EntityRef, PrincipalId, RunId, StepPath
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.asking import Wish, start
from daytwo_workflows.life.causes import calling
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.standing import NotStanding
from daytwo_workflows.life.steps.call import key_of
from daytwo_workflows.life.steps.called import CHECK, Item, asked_for, note
from daytwo_workflows.life.steps.waves import may_begin

_DEEPEST = 5  # runs that call each other
_AGAIN = timedelta(seconds=30)
_HELD = timedelta(minutes=2)  # people come back more slowly than databases


async def act_call(life: Life, run: RunId, path: StepPath, _no: AttemptNo) -> None:
    """Of those that are not asked for yet, the first. Done twice it is the same run."""
    async with life.store.read() as session:
        row = await runs.peek(session, run)
        step = await runs.step(session, run, path)
        item = next(iter(may_begin(step, asked_for(step))), None)
    if item is None:
        return
    try:
        await _start(life, row, step, item)
    except Unavailable as error:
        await _note(life, step, item, error.detail, again=_AGAIN)
    except NotStanding as error:  # it may hold again: who approved signs in, or is in the group again
        await _note(life, step, item, error.detail, again=_HELD)
    except DaytwoError as error:
        faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in error.errors[:5])
        await _note(life, step, item, f"{error.detail}{f' ({faults})' if faults else ''}")


async def _start(life: Life, row: RunRow, step: StepRow, item: Item) -> None:
    """Whoever looks next finds the run."""
    given = step.given or {}
    action, version = str(item.get(CHECK, given["action"])), given.get("check_version" if CHECK in item else "version")
    async with life.store.read() as session:
        await _must_not_come_back(session, row, action)
    entity, inputs = item["entity"], item["inputs"]
    assert isinstance(inputs, dict)
    wish = Wish(
        action=action,
        requester=PrincipalId(row.requester),
        token=None,
        entity=EntityRef(str(entity)) if entity is not None else None,
        inputs=inputs,
        version=str(version) if version is not None else None,
        comment=f"called by run {row.id}, step {step.path}",
        called_by=(RunId(row.id), StepPath(step.path)),
        cause=calling(row),
    )
    found = await start(life, wish, key_of(step, item))
    if found.run.parent_run != row.id:
        raise Conflict(f"Run {found.run.id} was asked for under its key by somebody else. Nothing was started.")


async def _note(life: Life, step: StepRow, item: Item, said: str, *, again: timedelta | None = None) -> None:
    """Why an item was not begun: for good, or until it is tried again."""
    async with life.store.write() as tx:
        await runs.hold(tx, RunId(step.run_id))
        row = await runs.step(tx.session, RunId(step.run_id), StepPath(step.path))
        if row.state != StepState.RUNNING:
            return
        calls = asked_for(row)
        if again is not None:
            note(row, calls, again_at=(tx.now + again).isoformat(), held=said)
            return
        for one in calls:
            if key_of(row, one) == key_of(row, item) and one.get("run") is None:
                one["state"], one["note"] = RunState.REFUSED, said
        note(row, calls)


async def _must_not_come_back(session: Session, row: RunRow, action: str) -> None:
    """Definitions change while runs go on: a circle is found here as well. Raises `Rejected`."""
    way, above = [action], row
    while True:
        way.append(above.action)
        if above.action == action:
            raise Rejected(f"It calls itself ({' ← '.join(way)}), so it was not begun.")
        if len(way) > _DEEPEST:
            raise Rejected(f"More than {_DEEPEST} runs would call each other, so it was not begun.")
        if above.parent_run is None:
            return
        above = await runs.peek(session, RunId(above.parent_run))
