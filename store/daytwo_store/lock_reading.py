"""Locks as people look at them: who has a key, who waits for it, and about when it is whose turn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.ids import RunId
from daytwo_store.states import RUN_ENDS
from daytwo_store.tables import LockHoldRow, LockQueueRow, LockRow, PrincipalRow, RunRow

_REMEMBERED: Final = 20  # runs of an action that say how long one takes
_LOOKED_AT: Final = 200  # runs before one's own: beyond it nobody can say when it is whose turn


@dataclass(frozen=True, kw_only=True, slots=True)
class LockSituation:
    """One key as it is now."""

    key: str
    holder: RunId | None = None
    hold: LockHoldRow | None = None  # of the person who has it
    next_hold: LockHoldRow | None = None  # of the person who has it next
    fence: int | None = None
    since: datetime | None = None
    queue: tuple[RunId, ...] = ()  # the next one first

    @property
    def taken(self) -> bool:
        return self.holder is not None or self.hold is not None


async def situations(session: AsyncSession, keys: Sequence[str]) -> list[LockSituation]:
    """Of each key, in their order."""
    if not keys:
        return []
    rows = {row.key: row for row in await session.scalars(select(LockRow).where(LockRow.key.in_(keys)))}
    open_holds = select(LockHoldRow).where(LockHoldRow.key.in_(keys), LockHoldRow.ended_at.is_(None))
    holds = {row.key: row for row in await session.scalars(open_holds)}
    queues: dict[str, list[RunId]] = {}
    waiting = (
        select(LockQueueRow.key, LockQueueRow.run_id)
        .where(LockQueueRow.key.in_(keys), ~LockQueueRow.aside, LockQueueRow.superseded_by.is_(None))
        .order_by(LockQueueRow.first.desc(), LockQueueRow.priority.desc(), LockQueueRow.place)
    )
    for key, run in await session.execute(waiting):
        queues.setdefault(key, []).append(RunId(run))
    return [_situation(key, rows.get(key), holds.get(key), queues.get(key, ())) for key in keys]


async def waiting_of(session: AsyncSession, key: str, people: Collection[str]) -> RunRow | None:
    """A run that waits for the key, at its place or aside, and that one of these asked for: by ref, or principal."""
    found: RunRow | None = await session.scalar(
        select(RunRow)
        .join(LockQueueRow, LockQueueRow.run_id == RunRow.id)
        .join(PrincipalRow, PrincipalRow.id == RunRow.requester)
        .where(LockQueueRow.key == key, LockQueueRow.superseded_by.is_(None))
        .where(or_(PrincipalRow.ref.in_(people), PrincipalRow.id.in_(people)))
        .order_by(RunRow.created_at, RunRow.id)
        .limit(1)
    )
    return found


def _situation(key: str, row: LockRow | None, hold: LockHoldRow | None, queue: Sequence[RunId]) -> LockSituation:
    has = row is not None and row.hold_id is not None
    return LockSituation(
        key=key,
        holder=RunId(row.holder_run) if row is not None and row.holder_run is not None else None,
        hold=hold if has else None,
        next_hold=None if has else hold,
        fence=row.fence if row else None,
        since=row.since if row else None,
        queue=tuple(queue),
    )


async def expected(
    session: AsyncSession, seen: Sequence[LockSituation], run: RunId | None, *, now: datetime
) -> datetime | None:
    """About when it is this run's turn (None: of one that would ask now), by how long earlier runs took.

    None when nobody can say: an action without an earlier success, a holder that takes longer than they did, a hold
    without an end.
    """
    before = {one.key: _before(one, run) for one in seen}
    if any(len(ahead) > _LOOKED_AT for ahead in before.values()):
        return None
    named = {one.holder for one in seen if one.holder is not None} | {run for ahead in before.values() for run in ahead}
    actions = {
        row.id: (row.action, row.started_at)
        for row in await session.execute(
            select(RunRow.id, RunRow.action, RunRow.started_at).where(RunRow.id.in_(sorted(named)))
        )
    }
    lasts = await durations(session, {action for action, _ in actions.values()})
    moments = [_free_at(one, before[one.key], actions, lasts, now) for one in seen]
    known = [moment for moment in moments if moment is not None]
    return max(known, default=now) if len(known) == len(moments) else None


def _before(seen: LockSituation, run: RunId | None) -> Sequence[RunId]:
    return seen.queue[: seen.queue.index(run)] if run in seen.queue else seen.queue


def _free_at(
    seen: LockSituation,
    before: Sequence[RunId],
    actions: Mapping[str, tuple[str, datetime | None]],
    lasts: Mapping[str, timedelta],
    now: datetime,
) -> datetime | None:
    moment = now
    if seen.holder is not None:
        action, began = actions.get(seen.holder, ("", None))
        if action not in lasts:
            return None
        moment = (began or now) + lasts[action]
        if moment < now:
            return None  # it takes longer than it did before
    for hold in (seen.hold, seen.next_hold):
        if hold is not None:
            if hold.until is None:
                return None
            moment = max(moment, hold.until)
    for run in before:
        action, _ = actions.get(run, ("", None))
        if action not in lasts:
            return None
        moment += lasts[action]
    return moment


_DURATIONS: Final = text(
    """
    SELECT a.action, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.ended_at - r.started_at)) AS last
    FROM unnest(CAST(:actions AS text[])) AS a(action)
    CROSS JOIN LATERAL (
        SELECT started_at, ended_at FROM run
        WHERE action = a.action AND state = 'succeeded' AND started_at IS NOT NULL
        ORDER BY ended_at DESC LIMIT :remembered
    ) r GROUP BY a.action
    """
)


async def durations(session: AsyncSession, actions: Collection[str]) -> dict[str, timedelta]:
    """How long runs of these actions took lately, from start to end: the median of those that succeeded."""
    if not actions:
        return {}
    rows = await session.execute(_DURATIONS, {"actions": sorted(actions), "remembered": _REMEMBERED})
    return {row.action: timedelta(seconds=float(row.last)) for row in rows}


@dataclass(frozen=True, slots=True)
class Holder:
    run: RunId | None
    hold: str | None


async def holder(session: AsyncSession, key: str, fence: int) -> Holder | None:
    """Who holds the key under this number; None: nobody does."""
    row = await session.scalar(select(LockRow).where(LockRow.key == key, LockRow.fence == fence))
    return None if row is None else Holder(RunId(row.holder_run) if row.holder_run else None, row.hold_id)


async def leaked(session: AsyncSession, *, limit: int) -> dict[RunId, list[str]]:
    """Runs that have ended and still hold keys, or stand in a queue."""
    ended = RunRow.state.in_([str(state) for state in RUN_ENDS])
    held = select(LockRow.holder_run, LockRow.key).join(RunRow, RunRow.id == LockRow.holder_run).where(ended)
    queued = select(LockQueueRow.run_id, LockQueueRow.key).join(RunRow, RunRow.id == LockQueueRow.run_id).where(ended)
    found: dict[RunId, set[str]] = {}
    rows = [*await session.execute(held.limit(limit)), *await session.execute(queued.limit(limit))]
    for run, key in rows:
        found.setdefault(RunId(str(run)), set()).add(key)
    return {run: sorted(keys) for run, keys in found.items()}
