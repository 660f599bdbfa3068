"""Locks for people: the list, a second look at one, holds, and taking one away."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from daytwo_actions.roles import Permission, roles_with
from daytwo_api.asker import Asker
from daytwo_api.services import lock_queues, lock_views
from daytwo_api.services.onlooking import onlooker
from daytwo_api.views.common import Page, Permitted
from daytwo_api.views.lock_detail import LockDetail, RunningThere
from daytwo_api.views.locks import HoldRequest, HoldView, LockRow, ReleaseRequest
from daytwo_store import attempts, cursors, lock_holds, lock_listing, lock_reading, principals
from daytwo_store.engine import Session, Store
from daytwo_store.errors import NotFound, Rejected
from daytwo_store.ids import RunId
from daytwo_store.lock_holds import Holding
from daytwo_store.lock_listing import LockFilter
from daytwo_store.lock_reading import LockSituation
from daytwo_store.run_visibility import among
from daytwo_workflows.life.own_interest import must_not_wait_for_the_lock, why_not_alone
from daytwo_workflows.life.taking_away import TakeAway, take_away, was_sent

_LONGEST: Final = timedelta(days=31)
DEFAULT: Final = timedelta(hours=8)  # of a hold without an end: one that is forgotten would keep all runs for ever
_NOT_HELD: Final = (
    "Nobody has this lock or waits for it, or you may not see it. So it was taken from nobody, and no run was changed. "
    "Look at the list of locks."
)
_NOTHING_OF_THEIRS: Final = (
    "No run that you may see has needed this key, and it does not begin with the name of an entity that you see, as "
    "shop/production does. Nothing was changed. Look at the list of locks, or at the lock in the plan of a run."
)


def _operates(by: Asker) -> bool:
    return Permission.LOCKS_HOLD in by.permissions


def _permitted(by: Asker, permission: Permission) -> Permitted:
    if permission in by.permissions:
        return Permitted(allowed=True)
    who = " or ".join(roles_with(permission))
    return Permitted(allowed=False, why_not=f"This is for the roles {who}. Ask somebody who has one.")


class Locks:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, by: Asker, wanted: LockFilter, *, cursor: str | None, limit: int) -> Page[LockRow]:
        after = cursors.read(cursor, 1)[0] if cursor else None
        async with self._store.read() as session:
            keys = await lock_listing.page(
                session, wanted, onlooker(by), operates=_operates(by), after=after, limit=limit + 1
            )
            shown = keys[:limit]
            items = await _rows(session, by, await lock_reading.situations(session, shown))
        return Page(items=items, next_cursor=cursors.make(shown[-1]) if len(keys) > limit else None)

    async def get(self, by: Asker, key: str) -> LockDetail:
        """Raises `NotFound` for a key that nobody has or waits for, and for one that may not be seen."""
        async with self._store.read() as session:
            seen = await self._seen(session, by, key)
            (row,) = await _rows(session, by, [seen])
            running = await _running(session, row.holder_run) if row.holder_run else []
            shown = await lock_queues.those_seen(session, by, seen)
            may_release = _permitted(by, Permission.LOCKS_FORCE)
            why = await why_not_alone(self._store, session, key, by.principal) if may_release.allowed else None
            queue = await lock_queues.queue(session, seen, shown, now=await self._store.clock.now(session))
        return LockDetail(
            **dict(row),
            holder=shown.get(row.holder_run or ""),
            queue=queue,
            running=running,
            warning=_warning(row, running),
            may_hold=_permitted(by, Permission.LOCKS_HOLD),
            may_release=may_release if why is None else Permitted(allowed=False, why_not=why),
        )

    async def hold(self, by: Asker, asked: HoldRequest, key: str | None) -> HoldView:
        """Raises `Conflict`, `Rejected`, and `NotFound` for a key that is about nothing which they see: the same for
        one that a hidden run needs and for one that nobody ever did."""
        if not asked.reason.strip() or not asked.key.strip():
            raise Rejected("Say which key, and why you hold it. Nothing was changed.")
        async with self._store.write() as tx:
            holding = Holding(
                key=asked.key,
                by=by.principal,
                reason=asked.reason.strip(),
                until=_until(asked, tx.now),
                idempotency_key=key,
            )
            if not await lock_listing.may_hold(tx.session, asked.key, onlooker(by)):
                raise NotFound(_NOTHING_OF_THEIRS)
            row = await lock_holds.hold(tx, holding)
        return await self._view(row.id)

    async def end(self, by: Asker, hold: str, reason: str | None) -> None:
        """Raises `NotFound`; of another person's hold `Rejected` without a reason, and `Forbidden` for whoever waits
        for its key, as taking the lock away does. Ending a hold twice is the same."""
        why = (reason or "").strip()
        async with self._store.read() as session:
            row = await lock_holds.get(session, hold)
            if row.by != by.principal:
                await self._seen(session, by, row.key, lock_holds.no_such())
        if row.by != by.principal and row.ended_at is None:
            if not why:
                raise Rejected("Say why you end the hold of somebody else. Nothing was changed.")
            await must_not_wait_for_the_lock(self._store, row.key, by.principal)
        async with self._store.write() as tx:
            await lock_holds.end(tx, hold, by=by.principal, why=why)

    async def release(self, by: Asker, asked: ReleaseRequest) -> LockRow:
        """Raises `Conflict`, `NotFound`, `Rejected`."""
        async with self._store.read() as session:
            await self._seen(session, by, asked.key, NotFound(_NOT_HELD))
        if not asked.reason.strip():
            raise Rejected("Say why the lock is taken away. Nothing was changed.")
        await take_away(
            self._store,
            TakeAway(key=asked.key, fence=asked.fence, by=by.principal, reason=asked.reason.strip()),
        )
        async with self._store.read() as session:
            (row,) = await _rows(session, by, await lock_reading.situations(session, [asked.key]))
        return row

    async def _seen(self, session: Session, by: Asker, key: str, otherwise: NotFound | None = None) -> LockSituation:
        wanted = LockFilter(key=key)
        found = await lock_listing.page(session, wanted, onlooker(by), operates=_operates(by), after=None, limit=1)
        if not found:
            raise otherwise or NotFound(
                "Nobody has this lock or waits for it, or you may not see it. Nothing was changed."
            )
        return (await lock_reading.situations(session, [key]))[0]

    async def _view(self, hold: str) -> HoldView:
        async with self._store.read() as session:
            row = await lock_holds.get(session, hold)
            people = await principals.by_ids(session, {row.by})
        return lock_views.hold_view(row, people.get(row.by))


def _until(asked: HoldRequest, now: datetime) -> datetime:
    if asked.until is not None and asked.seconds is not None:
        raise Rejected("Say `until` or `seconds`, not both. Nothing was changed.")
    lasts = timedelta(seconds=asked.seconds) if asked.seconds is not None else DEFAULT
    until = asked.until if asked.until is not None else now + lasts
    if until.tzinfo is None:
        raise Rejected("The end of a hold needs its time zone, as 2026-12-01T14:00:00Z. Nothing was changed.")
    if not now < until <= now + _LONGEST:
        raise Rejected("A hold ends in the future, and within 31 days. Nothing was changed.")
    return until


async def _rows(session: Session, by: Asker, seen: Collection[LockSituation]) -> list[LockRow]:
    views = await lock_views.keys(session, by, list(seen))
    named = await among(session, {run for one in seen for run in one.queue}, onlooker(by))
    queues = [[run for run in one.queue if run in named] for one in seen]
    return [
        LockRow(
            key=one.key,
            holder_run=view.held_by_run,
            hold=view.hold,
            next_hold=view.next_hold,
            fence=view.fence,
            since=view.since,
            queued=queue,
            waiting=len(queue),
            text=view.text,
        )
        for one, view, queue in zip(seen, views, queues, strict=True)
    ]


async def _running(session: Session, run: str) -> list[RunningThere]:
    """What the holder has started, and what it may have started."""
    externals = {(one.path, one.no): one for one in await attempts.externals_of_run(session, RunId(run))}
    found = []
    for attempt in await attempts.of_run(session, RunId(run)):
        external = externals.get((attempt.path, attempt.no))
        if was_sent(attempt):
            found.append(
                RunningThere(
                    run=run,
                    step=attempt.path,
                    connection=attempt.connection,
                    external_run=external.id if external else None,
                    url=external.url if external else None,
                    detail=external.detail if external else _UNFOUND,
                    ended=external is not None and external.ended_at is not None,
                )
            )
    return found


_UNFOUND: Final = "it may have been started, and is still looked for"


def _warning(row: LockRow, running: Collection[RunningThere]) -> str | None:
    if row.fence is None:
        return None
    if row.hold is not None:
        return f"{row.hold.by.name} holds it for a reason: {row.hold.reason}. Talk to them before you take it away."
    still = [one for one in running if not one.ended]
    if still:
        where = " and ".join(f"{one.connection} run {one.external_run or '(not found yet)'}" for one in still)
        return (
            f"{where} may still be working on {row.key}, and taking the lock away does not stop it. The next run would "
            "work there at the same time. Cancel the run first if you can."
        )
    return "Its run sends nothing more and ends without changing the catalog. Cancelling the run is the usual way."
