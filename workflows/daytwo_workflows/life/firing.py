"""Schedules that are due become runs (A11).

Three small things, each a transaction of its own, so that whatever dies between them is picked up by the next round:
what is due is written down, each time that is written down is asked for as if its owner had, and the ends of runs are
counted. The firing's row decides: it is taken in the transaction that accepts its run, so two workers make one run.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from daytwo_actions.definitions.durations import format_duration
from daytwo_actions.plan.model import PlannedCause
from daytwo_actions.schedules import MOST_COUNTED, CronFault, ScheduleSpec, TimeFault, restore_schedule, times_in
from daytwo_store import firings, schedules
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict, DaytwoError, Forbidden, NotFound, Unavailable
from daytwo_store.firings import Time
from daytwo_store.ids import EntityRef, PrincipalId
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import FIRING_OPEN, FiringState, RunState
from daytwo_store.tables import FiringRow, Json, PrincipalRow, RunRow, ScheduleRow
from daytwo_workflows.life.asking import Wish, start
from daytwo_workflows.life.causes import BAD_ENDS, Cause, Unheard, backed_off, requester_of
from daytwo_workflows.life.context import Life

log = structlog.get_logger()
_AT_A_TIME: Final = 200  # rows of one transaction
_AT_ONCE: Final = 4  # runs that are being asked for: people who ask meanwhile are not held up
_SECOND: Final = timedelta(seconds=1)
_UNREADABLE: Final = "Its definition cannot be read any more. Write it again."


async def fire(life: Life) -> int:
    """One round; how many runs were asked for. What fails for one schedule is told and keeps no other from its turn."""
    async with life.store.read() as session:
        if not await firings.anything(session, await life.store.clock.now(session)):
            return 0
    while await note_due(life) == _AT_A_TIME:
        pass
    await count_ends(life)
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
        waiting = await firings.open_ones(session, now, limit=5 * _AT_A_TIME)
    by_schedule: dict[str, list[FiringRow]] = {}
    for row in waiting:
        by_schedule.setdefault(row.schedule, []).append(row)
    room = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(rows: Sequence[FiringRow]) -> int:
        async with room:
            return sum([await _begin_safely(life, row) for row in rows])

    return sum(await asyncio.gather(*map(in_turn, by_schedule.values())))


async def note_due(life: Life) -> int:
    """Write down what is due; how many schedules that were."""
    async with life.store.write() as tx:
        return await note_all(tx)


async def note_all(tx: Tx) -> int:
    """The same in a transaction of somebody else, who is about to change schedules: what was due stays as it was."""
    rows = await schedules.due(tx, limit=_AT_A_TIME)
    for row in rows:
        await note(tx, row)
    return len(rows)


async def count_ends(life: Life) -> None:
    """Runs that have ended: so many in a row that did not succeed pause their schedule."""
    async with life.store.write() as tx:
        for firing, run in await firings.ended(tx, limit=_AT_A_TIME):
            firing.counted_at = tx.now
            if firing.by is not None:
                continue  # by hand: somebody looks at it
            try:
                row = await schedules.hold(tx, firing.schedule)
            except NotFound:
                continue
            if run.state == RunState.SUCCEEDED:
                row.failures = 0
            elif run.state in BAD_ENDS:
                _failed(tx, row, f"the last one is run {run.id}, which is {run.state}")


async def note(tx: Tx, row: ScheduleRow) -> None:
    """Write down the time of a held schedule, if one has come."""
    if row.paused_at is not None or row.next_at is None or row.next_at > tx.now:
        return
    spec = restore_schedule(row.document)
    if spec is None:
        schedules.pause(tx, row, by=schedules.SYSTEM, why=_UNREADABLE)
        return
    try:
        times = times_in(spec)
    except (CronFault, TimeFault) as error:
        schedules.pause(tx, row, by=schedules.SYSTEM, why=str(error))
        return
    first = row.next_at
    last = times.last(first, tx.now) or first
    row.next_at = times.next(tx.now)
    late = tx.now - last > spec.catch_up
    if late and spec.missed == "skip":
        count = times.count(first, last) + 1
        why = (
            f"It was {_roughly(tx.now - last)} late when it could have begun, and {format_duration(spec.catch_up)} are "
            "the most (`catch_up`). Nothing was started."
        )
        await _missed(tx, row, Time(schedule=row.id, at=first, state=FiringState.MISSED, why=why), count, last)
        return
    if last > first:
        until = times.last(first, last - _SECOND) or first
        why = "A later time had come before it could begin. Nothing was started for this one."
        before = times.count(first, last)
        await _missed(tx, row, Time(schedule=row.id, at=first, state=FiringState.MISSED, why=why), before, until)
    await firings.note(
        tx,
        Time(
            schedule=row.id,
            at=last,
            state=FiringState.DUE,
            asked=_asked(row, spec),
            until=(tx.now if late else last) + spec.catch_up,
        ),
    )


async def _missed(tx: Tx, row: ScheduleRow, time: Time, count: int, last: datetime) -> None:
    """One row for all that were missed together."""
    words = "" if count == 1 else f"{count}{' or more' if count >= MOST_COUNTED else ''} times were missed. "
    noted = Time(
        schedule=time.schedule,
        at=time.at,
        state=time.state,
        why=words + str(time.why),
        count=count,
        last_at=last if count > 1 else None,
    )
    if await firings.note(tx, noted):
        tx.audit(actor="daytwo", action="schedule.missed", subject=f"schedule:{row.id}", facts={"count": str(count)})
        tell(tx, Notice.SCHEDULE_MISSED, audience=[row.owner], facts={"schedule": row.id, "at": time.at.isoformat()})


def _asked(row: ScheduleRow, spec: ScheduleSpec) -> Json:
    """What is asked for, as the schedule stands when it is due: a change a moment later is for the next time."""
    return {
        "action": spec.action,
        "entity": spec.entity,
        "inputs": dict(spec.inputs),
        "title": row.title,
        "writers": list(row.writers),
        "overlap": spec.overlap,
    }


async def _begin_safely(life: Life, firing: FiringRow) -> bool:
    try:
        return await _begin(life, firing)
    except DaytwoError as error:
        log.warning("schedule.waits", what=firing.schedule, error=error.type)
    except Exception:
        log.exception("schedule.failed", what=firing.schedule)
    return False


async def _begin(life: Life, firing: FiringRow) -> bool:
    """True when it has made a run."""
    assert firing.asked is not None, "written down with it"
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
        verdict = await _held_up(session, firing, now)
    if verdict is not None:
        await _settle(life, firing, *verdict)
        return False
    try:
        async with life.store.read() as session:
            who = await _requester(life, session, firing)
        accepted = await start(life, _wish(firing, who), firing.key)
    except Unheard as silence:
        await _put_off(life, firing, str(silence))
        return False
    except Unavailable as error:
        await _put_off(life, firing, f"It is tried again: {error.detail}")
        return False
    except (Forbidden, NotFound) as error:
        await _refused(life, firing, error, for_good=True)
        return False
    except DaytwoError as error:
        await _refused(life, firing, error, for_good=False)
        return False
    return not accepted.repeated


async def _held_up(session: Session, firing: FiringRow, now: datetime) -> tuple[FiringState, str] | None:
    """What becomes of it when it does not begin now."""
    try:
        row = await schedules.get(session, firing.schedule)
    except NotFound:
        return FiringState.SKIPPED, "The schedule was removed. Nothing was started."
    if row.paused_at is not None:
        return FiringState.SKIPPED, "The schedule was paused. Nothing was started."
    overlap = (firing.asked or {}).get("overlap")
    running = await firings.going_on(session, row.id) if overlap != "allow" else None
    if running is not None:
        if overlap == "skip":
            return FiringState.SKIPPED, f"The run before, {running.id}, had not ended. Nothing was started."
        if await firings.before(session, firing) is not None:
            return FiringState.SKIPPED, "One that was due before waits already. Nothing was started."
        return FiringState.WAITING, f"It begins when the run before, {running.id}, has ended."
    if firing.state == FiringState.DUE and firing.until is not None and now > firing.until:
        return FiringState.MISSED, f"{_tried(firing)}It was too late by then. Nothing was started."
    return None


def _tried(firing: FiringRow) -> str:
    return f"{firing.why.rstrip('.')}. " if firing.why else ""


async def _requester(life: Life, session: Session, firing: FiringRow) -> PrincipalRow:
    """Raises `Forbidden` for an owner who may run nothing here any more, `Unheard` while nobody knows."""
    row = await schedules.get(session, firing.schedule)
    return await requester_of(life, session, row.owner, row.principal)


def _wish(firing: FiringRow, who: PrincipalRow) -> Wish:
    asked = firing.asked or {}
    writers, inputs = asked["writers"], asked["inputs"]
    assert isinstance(writers, list)
    assert isinstance(inputs, dict)
    others = sorted(str(one) for one in writers if one != who.ref)  # the owner of now, whoever it was then

    async def take(tx: Tx, run: RunRow) -> None:
        row = await schedules.hold(tx, firing.schedule)
        held = await firings.hold(tx, firing.schedule, firing.at)
        if row.paused_at is not None or FiringState(held.state) not in FIRING_OPEN:
            raise Conflict("The schedule was paused, or another worker was first. Nothing was started.")
        firings.move(tx, held, FiringState.STARTED)
        held.run_id = run.id

    return Wish(
        action=str(asked["action"]),
        requester=PrincipalId(who.id),
        token=None,
        entity=EntityRef(str(asked["entity"])) if asked["entity"] is not None else None,
        inputs=inputs,
        version=None,
        comment=f"By the schedule {asked['title']} ({firing.schedule}), due {firing.at:%d %b %Y %H:%M} UTC.",
        cause=Cause(
            planned=PlannedCause(kind="schedule", name=firing.schedule, writers=others),
            facts={"at": firing.at.isoformat(), "title": asked["title"]},
            take=take,
        ),
    )


async def _settle(life: Life, firing: FiringRow, state: FiringState, why: str) -> None:
    async with life.store.write() as tx:
        held = await firings.hold(tx, firing.schedule, firing.at)
        if held.state != firing.state or (held.state == state and held.why == why):
            return  # somebody else was first, or it is known already
        firings.move(tx, held, state, why=why)
        if state is FiringState.MISSED:
            row = await schedules.hold(tx, firing.schedule)
            facts = {"schedule": firing.schedule, "at": firing.at.isoformat()}
            tell(tx, Notice.SCHEDULE_MISSED, audience=[row.owner], facts=facts)


async def _put_off(life: Life, firing: FiringRow, why: str) -> None:
    """Something does not answer: once more, at the latest at the last moment at which it may begin."""
    async with life.store.write() as tx:
        held = await firings.hold(tx, firing.schedule, firing.at)
        if held.state != firing.state:
            return  # somebody else was first
        firings.move(tx, held, FiringState(firing.state), why=why)
        later = tx.now + backed_off(tx.now - held.at)
        held.retry_at = later if held.until is None or tx.now >= held.until else min(later, held.until)


async def _refused(life: Life, firing: FiringRow, error: DaytwoError, *, for_good: bool) -> None:
    """The answer was no. What can only be mended by a person pauses the schedule at once, the rest after some times."""
    async with life.store.write() as tx:
        row = await schedules.hold(tx, firing.schedule)
        held = await firings.hold(tx, firing.schedule, firing.at)
        if FiringState(held.state) not in FIRING_OPEN:
            return  # another worker was first
        firings.move(tx, held, FiringState.REFUSED, why=error.detail)
        tx.audit(actor="daytwo", action="schedule.refused", subject=f"schedule:{row.id}", facts={"error": error.type})
        if for_good:
            schedules.pause(tx, row, by=schedules.SYSTEM, why=error.detail)
        else:
            _failed(tx, row, f"the last answer was: {error.detail}")


def _failed(tx: Tx, row: ScheduleRow, last: str) -> None:
    row.failures += 1
    spec = restore_schedule(row.document)
    most = spec.pause_after if spec is not None else 1
    if row.failures >= most:
        times = "Once it did not succeed" if row.failures == 1 else f"{row.failures} times in a row it did not succeed"
        schedules.pause(tx, row, by=schedules.SYSTEM, why=f"{times}; {last.rstrip('.')}.")


def _roughly(late: timedelta) -> str:
    """Two units at most: `6h12m`."""
    seconds = int(late.total_seconds())
    unit = 60 if seconds < 86_400 else 3600
    return format_duration(timedelta(seconds=max(seconds - seconds % unit, unit)))
