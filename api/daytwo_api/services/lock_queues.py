"""The queue of one key: which runs wait, and about when it is whose turn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from daytwo_api.asker import Asker
from daytwo_api.services import run_views
from daytwo_api.services.gather import gather
from daytwo_api.services.onlooking import onlooker
from daytwo_api.views.lock_detail import QueuedThere
from daytwo_api.views.runs import RunSummary
from daytwo_store import lock_reading, locks, runs
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.lock_reading import LockSituation
from daytwo_store.run_visibility import among
from daytwo_store.tables import RunRow

_SHOWN: Final = 20


async def those_seen(session: Session, by: Asker, seen: LockSituation) -> Mapping[str, RunSummary]:
    """The holder and the first of the queue, as far as the asker may see them, by id."""
    named = await among(session, [seen.holder, *seen.queue[:_SHOWN]], onlooker(by))
    rows = await runs.by_ids(session, named)
    known = await gather(session, list(rows.values()))
    return {name: run_views.summary(row, known) for name, row in rows.items()}


async def queue(
    session: Session, seen: LockSituation, shown: Mapping[str, RunSummary], *, now: datetime
) -> list[QueuedThere]:
    """Those that the asker may see, each at its true place."""
    first = seen.queue[:_SHOWN]
    rows = await runs.by_ids(session, [run for run in first if run in shown])
    others = {key for row in rows.values() for key in locks.keys_of(row)} - {seen.key}
    known = {one.key: one for one in await lock_reading.situations(session, sorted(others))} | {seen.key: seen}
    return [
        QueuedThere(place=number, run=shown[run], expected_at=await _turn(session, rows[run], known, now=now))
        for number, run in enumerate(first, 1)
        if run in rows
    ]


async def _turn(session: Session, row: RunRow, known: Mapping[str, LockSituation], *, now: datetime) -> datetime | None:
    """It begins when it has all of its keys."""
    needed = [known[key] for key in locks.keys_of(row) if key in known]
    return await lock_reading.expected(session, needed, RunId(row.id), now=now)
