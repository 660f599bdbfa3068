"""How late a run was first listed: absence is concluded from listings, so it matters that they keep to their time (A1).

Only what was seen counts: a listing made after the run's creation that did not have it, and then one that did. All by
the CI system's clock. A look that came later than it was meant to, as we were down, tells nothing of the time between.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from daytwo_actions.backends.base import Listing
from daytwo_store import connections
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.search import Search

log = structlog.get_logger()
_WHOLE: Final = timedelta(seconds=1)  # the clock of an answer and of a run's creation tell no fraction


def lacked(search: Search, listing: Listing, now: datetime) -> None:
    """A listing has not shown it."""
    search.lacked = _by_their_clock(search, listing, now).isoformat()


async def note_lateness(life: Life, attempt: AttemptRow, search: Search, listing: Listing, now: datetime) -> None:
    """A listing shows it for the first time."""
    created = min((state.created_at for state in listing.found if state.created_at is not None), default=None)
    if search.lacked is None or created is None or datetime.fromisoformat(search.lacked) - created <= _WHOLE:
        return
    overslept = now - datetime.fromisoformat(search.due) if search.due is not None else timedelta(0)
    late = _by_their_clock(search, listing, now) - max(overslept, timedelta(0)) - created
    late = max(late, datetime.fromisoformat(search.lacked) - created)
    allowed = life.listing_lag(attempt.connection)
    if late > allowed / 2:
        log.error(
            "listing.late",
            connection=attempt.connection,
            run=attempt.run_id,
            step=attempt.path,
            seconds=round(late.total_seconds(), 1),
            detail=f"listings may be {allowed.total_seconds():g} s late before absence is concluded from them",
        )
    async with life.store.write() as tx:
        await connections.listed_late(tx, attempt.connection, late.total_seconds())


def _by_their_clock(search: Search, listing: Listing, now: datetime) -> datetime:
    return listing.server_time or now - timedelta(seconds=search.most)
