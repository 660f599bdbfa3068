"""Four eyes on what stands in the way of a run: whoever it keeps back does not take it away alone.

The same rule as for freezes (`freeze_eyes`): lifting the global stop, and taking a lock away, is done by somebody who
has no run that waits for just that, and decides for nobody who has one.
"""

from typing import Final

from daytwo_actions.voices import Human
from daytwo_store import freezes, lock_reading, principals
from daytwo_store.engine import Session, Store
from daytwo_store.errors import Forbidden
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import PrincipalRow, RunRow
from daytwo_workflows.life.people import voter

_ASK: Final = "Ask another operator or administrator, who has no such run."


async def must_not_wait_for_the_stop(store: Store, by: PrincipalId) -> None:
    """Raises `Forbidden`."""
    async with store.read() as session:
        why = await why_not_lift(store, session, by)
    if why is not None:
        raise Forbidden(f"{why} Nothing was lifted. {_ASK}")


async def why_not_lift(store: Store, session: Session, by: PrincipalId) -> str | None:
    """Why this person may not lift the global stop: a run of theirs waits for it. None as well where there is none."""
    if await freezes.stopped(session) is None:
        return None
    who = await _human(store, session, by)
    run = await freezes.stopped_of(session, {who.key, *who.bound})
    return await _about(session, "The stop keeps back", run, who) if run is not None else None


async def must_not_wait_for_the_lock(store: Store, lock: str, by: PrincipalId) -> None:
    """Raises `Forbidden`."""
    async with store.read() as session:
        why = await why_not_alone(store, session, lock, by)
    if why is not None:
        raise Forbidden(f"{why} Nothing was changed. {_ASK}")


async def why_not_alone(store: Store, session: Session, lock: str, by: PrincipalId) -> str | None:
    """Why this person may not take the lock away: they are next, or a run of theirs waits for it."""
    (seen,) = await lock_reading.situations(session, [lock])
    if seen.next_hold is not None and seen.next_hold.by == by:
        return "You are the next to hold this lock (four eyes)."
    who = await _human(store, session, by)
    run = await lock_reading.waiting_of(session, lock, {who.key, *who.bound})
    return await _about(session, "For this lock waits", run, who) if run is not None else None


async def _human(store: Store, session: Session, by: PrincipalId) -> Human:
    now = await store.clock.now(session)
    return (await voter(session, await _row(session, by), entries=(), now=now)).own


async def _row(session: Session, by: str) -> PrincipalRow:
    return (await principals.by_ids(session, [by]))[by]


async def _about(session: Session, what: str, run: RunRow, who: Human) -> str:
    """Never the id of somebody else's run, which this person may not see."""
    asker = await _row(session, run.requester)
    named = asker.ref or asker.id
    if named == who.key:
        return f"{what} run {run.id}, which you asked for (four eyes)."
    return f"{what} a run that {asker.name} asked for, who {who.bound[named]} (four eyes)."
