"""The window of a run: which freezes hold it back, when it opens, and what is written down while it waits.

Explained at submission, warned about at approval, decided where the dispatch is sealed. A run that has begun goes on
under a freeze; only the global stop keeps back its next step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import JsonValue

from daytwo_actions.freezes import FreezeVersion, Held, Subject, opens, subject_of
from daytwo_store import attempts, freeze_exceptions, freezes, locks, principals, runs
from daytwo_store.engine import Session, Topic, Tx
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import Digest, EntityRef, PrincipalId, RunId
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import RunRow, StopRow
from daytwo_workflows.contracts import SENDING, Move, What
from daytwo_workflows.life.asking import Planned
from daytwo_workflows.life.callers import parent_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.freezes_that_hold_on import holding_on
from daytwo_workflows.life.people import belongings
from daytwo_workflows.life.planning import Aimed, Ask, context_of, look

log = structlog.get_logger()
_LOOK_ANYWAY: Final = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """How it stands with the window at a moment."""

    stop: StopRow | None = None
    holds: tuple[Held, ...] = ()
    excepted: tuple[Held, ...] = ()  # would hold, if nobody had granted an exception
    opens: datetime | None = None  # the first moment when nothing holds; None: nobody can say

    @property
    def shut(self) -> bool:
        return self.stop is not None or bool(self.holds)

    def as_json(self) -> dict[str, JsonValue]:
        """As it is kept with the run."""
        stop = self.stop
        return {
            "stop": None if stop is None else {"reason": stop.reason, "by": stop.by, "at": stop.at.isoformat()},
            "holds": [held.as_json() for held in self.holds],
            "opens": self.opens.isoformat() if self.opens else None,
        }


def judge(
    versions: list[FreezeVersion],
    subject: Subject,
    at: datetime,
    *,
    stop: StopRow | None = None,
    granted: Mapping[str, datetime] | None = None,
) -> Window:
    """`granted` says until when a freeze does not hold for this run."""
    granted = granted or {}
    all_holds = [held for one in versions if (held := one.held(subject, at)) is not None]
    spared = {name for name, until in granted.items() if until > at}
    holds = tuple(held for held in all_holds if held.id not in spared)
    excepted = tuple(held for held in all_holds if held.id in spared)
    if stop is not None:
        return Window(stop=stop, holds=holds, excepted=excepted)
    return Window(holds=holds, excepted=excepted, opens=opens(versions, subject, at, but=spared))


async def of_run(life: Life, session: Session, row: RunRow, now: datetime) -> Window:
    """The window of a run as it is now. A run that cannot be planned any more is let on: it is refused at the seal."""
    stop = await freezes.stopped(session)
    versions = await _versions(life, session, row.requester, now)
    if not versions:
        return Window(stop=stop, opens=None if stop else now)
    subject = await subject_of_run(life, session, row)
    if subject is None:
        return Window(stop=stop, opens=None if stop else now)
    granted = await _granted(session, row, now)
    return judge(versions, subject, now, stop=stop, granted=granted)


async def _versions(life: Life, session: Session, requester: str, now: datetime) -> list[FreezeVersion]:
    """All freezes, and those that hold on for whoever asked."""
    current = await life.frozen.current(session, now)
    return [*current, *await holding_on(life.frozen, session, requester, now)]


async def of_plan(
    life: Life, session: Session, planned: Planned, *, by: PrincipalId, at: datetime, now: datetime
) -> Window:
    """What would hold a planned run back if it were asked for at `at`. The stop is the one of now."""
    stop = await freezes.stopped(session)
    subject = subject_of(
        planned.version, planned.aimed.facts.context, undo=False, break_glass=planned.plan.break_glass is not None
    )
    return judge(await _versions(life, session, by, min(at, now)), subject, at, stop=stop)


async def _granted(session: Session, row: RunRow, now: datetime) -> Mapping[str, datetime]:
    """Until when which freeze does not hold. Whoever granted that has to be one of the freeze's owners still."""
    found = await freeze_exceptions.granted(session, row, now)
    people = await principals.by_ids(session, {one.decided_by for one, _ in found if one.decided_by})
    spared: dict[str, datetime] = {}
    for one, freeze in found:
        who = people.get(one.decided_by or "")
        if who is not None and one.until is not None and freeze.owner in await belongings(session, who.ref):
            spared[freeze.id] = one.until
    return spared


async def shut(life: Life, tx: Tx, row: RunRow, aimed: Aimed) -> bool:
    """Is the dispatch that is about to be sealed held back? What has not begun then waits for its window."""
    window = await _at_seal(life, tx, row, aimed)
    if not window.shut:
        row.window = None
        return False
    if not await attempts.begun(tx.session, RunId(row.id)):
        await wait(tx, row, window)
        return True
    return window.stop is not None  # its next move is to wait, with its lock


async def _at_seal(life: Life, tx: Tx, row: RunRow, aimed: Aimed) -> Window:
    """The same where it decides: nobody changes a freeze or the stop before this transaction has ended."""
    await freezes.read_locked(tx.session)
    stop = await freezes.stopped(tx.session)
    versions = await _versions(life, tx.session, row.requester, tx.now)
    if not versions:
        return Window(stop=stop, opens=None if stop else tx.now)
    version = await life.definitions.of_run(tx.session, Digest(row.version))
    subject = subject_of(version, aimed.facts.context, undo=row.undo_of is not None, break_glass=row.break_glass)
    granted = await _granted(tx.session, row, tx.now)
    return judge(versions, subject, tx.now, stop=stop, granted=granted)


async def subject_of_run(life: Life, session: Session, row: RunRow) -> Subject | None:
    """None when the run cannot be planned any more."""
    try:
        version = await life.definitions.of_run(session, Digest(row.version))
        requester = (await principals.by_ids(session, [row.requester]))[row.requester]
        entity = EntityRef(row.entity) if row.entity else None
        ask = Ask(
            run=RunId(row.id),
            version=version,
            requester=requester,
            entity=entity,
            inputs=row.inputs,
            parent=parent_of(row),
        )
        context = await context_of(life, session, ask, await look(session, version, requester, entity))
    except DaytwoError as error:
        log.info("window.unknown", run=row.id, error=error.type)
        return None
    return subject_of(version, context, undo=row.undo_of is not None, break_glass=row.break_glass)


_BEFORE: Final = frozenset(
    {RunState.ACCEPTED, RunState.WAITING_APPROVAL, RunState.WAITING_WINDOW, RunState.WAITING_LOCK}
)


async def next_of_window(life: Life, tx: Tx, row: RunRow) -> Move | None:
    """After the approval, before the lock: wait, or go on. What runs is asked about where its dispatch is sealed."""
    if row.state not in _BEFORE:
        return None
    if not (await of_run(life, tx.session, row, tx.now)).shut:
        row.window = None
        return None
    await freezes.read_locked(tx.session)  # who changes a freeze from now on finds this run waiting, and wakes it
    window = await of_run(life, tx.session, row, tx.now)
    if not window.shut:
        row.window = None
        return None
    return await wait(tx, row, window)


async def wait(tx: Tx, row: RunRow, window: Window) -> Move:
    """The run waits for its window, without the lock; its place in the queue is kept."""
    before = row.window
    row.window = window.as_json()
    if row.state != RunState.WAITING_WINDOW:
        runs.move(tx, row, RunState.WAITING_WINDOW)
    elif before != row.window:
        tx.notify(Topic.RUN, row.id)
    for step in await runs.steps(tx.session, RunId(row.id)):
        if step.state == StepState.RUNNING:
            step.note = "waits for its window again, because a freeze or a stop has begun"
    await _step_aside(tx, row)
    return Move(what=What.WAIT, seconds=_seconds(tx, window))


async def _step_aside(tx: Tx, row: RunRow) -> None:
    row.fence = None
    want = locks.wanted(row)
    if want is not None:
        await tx.session.flush()
        await locks.step_aside(tx, want)


async def stopped_between_steps(tx: Tx, row: RunRow, move: Move) -> Move:
    """A run that has begun sends nothing more while everything is stopped, and keeps its lock."""
    if move.what not in SENDING:
        return move
    stop = await freezes.stopped(tx.session)
    if stop is not None and not await attempts.begun(tx.session, RunId(row.id)):
        return move  # goes back to its window at the seal
    return await all_is_stopped(tx, row) or move


async def all_is_stopped(tx: Tx, row: RunRow) -> Move | None:
    """What a run that has its lock waits for before it changes anything more; None when nothing is stopped."""
    stop = await freezes.stopped(tx.session)
    if stop is not None:
        await freezes.read_locked(tx.session)  # who lifts it from now on finds this run, and wakes it
        stop = await freezes.stopped(tx.session)
    if stop is None:
        row.window = None
        return None
    row.window = Window(stop=stop).as_json()
    tx.notify(Topic.RUN, row.id)
    return Move(what=What.WAIT, seconds=_LOOK_ANYWAY.total_seconds())


def _seconds(tx: Tx, window: Window) -> float:
    """Until it opens; a change of a freeze wakes it earlier."""
    if window.opens is None:
        return _LOOK_ANYWAY.total_seconds()
    return min(max(window.opens - tx.now, timedelta(seconds=0.05)), _LOOK_ANYWAY).total_seconds()
