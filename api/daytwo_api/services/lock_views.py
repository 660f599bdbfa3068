"""Locks as one asker may see them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from daytwo_api.asker import Asker
from daytwo_api.services.gather import SYSTEM
from daytwo_api.services.lock_words import joined, key_words
from daytwo_api.services.onlooking import onlooker
from daytwo_api.views.common import Person
from daytwo_api.views.locks import HoldView, KeyView
from daytwo_api.views.runs import LockView
from daytwo_store import lock_reading, locks, principals
from daytwo_store.clock import Clock
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.lock_reading import LockSituation
from daytwo_store.run_visibility import among
from daytwo_store.tables import LockHoldRow, PrincipalRow, RunRow


async def of_run(session: Session, by: Asker, run: RunRow, clock: Clock) -> LockView | None:
    """What a run needs, has, or waits for."""
    needed = locks.keys_of(run)
    if not needed:
        return None
    seen = await lock_reading.situations(session, needed)
    views = await keys(session, by, seen)
    places = [one.queue.index(RunId(run.id)) + 1 for one in seen if run.id in one.queue]
    now = await clock.now(session) if places else None
    expected = await lock_reading.expected(session, seen, RunId(run.id), now=now) if now else None
    return LockView(
        key=joined(needed),
        keys=views,
        queue=run.lock_queue,
        state=_state(run, seen, queued=bool(places)),
        fence=run.fence,
        position=max(places, default=None),
        held_by_run=next((one.held_by_run for one in views if one.held_by_run), None),
        expected_at=expected,
    )


def _state(
    run: RunRow, seen: Sequence[LockSituation], *, queued: bool
) -> Literal["held", "queued", "released", "none", "taken"]:
    if run.lock_taken_at is not None:
        return "taken"
    if all(one.holder == run.id for one in seen):
        return "held"
    if queued:
        return "queued"
    return "released" if run.fence is not None else "none"


async def keys(session: Session, by: Asker, seen: Sequence[LockSituation]) -> list[KeyView]:
    """What the asker may see of these keys: a run that may not be seen is not named."""
    named = await among(session, [one.holder for one in seen], onlooker(by))
    holds = [hold for one in seen for hold in (one.hold, one.next_hold) if hold is not None]
    people = await principals.by_ids(session, {hold.by for hold in holds}) if holds else {}
    return [
        KeyView(
            key=one.key,
            held=one.taken,
            held_by_run=one.holder if one.holder in named else None,
            hold=_of(one.hold, people),
            next_hold=_of(one.next_hold, people),
            since=one.since,
            fence=one.fence,
            queued=len(one.queue),
            text=key_words(
                held=one.taken,
                run=one.holder if one.holder in named else None,
                hold=_of(one.hold, people),
                then=_of(one.next_hold, people),
                queued=bool(one.queue),
            ),
        )
        for one in seen
    ]


def _of(hold: LockHoldRow | None, people: Mapping[str, PrincipalRow]) -> HoldView | None:
    return hold_view(hold, people.get(hold.by)) if hold is not None else None


def hold_view(row: LockHoldRow, by: PrincipalRow | None) -> HoldView:
    return HoldView(
        id=row.id,
        key=row.key,
        by=Person(id=by.id, name=by.name, ref=by.ref) if by else SYSTEM,
        reason=row.reason,
        asked_at=row.asked_at,
        began_at=row.began_at,
        until=row.until,
        ended_at=row.ended_at,
    )
