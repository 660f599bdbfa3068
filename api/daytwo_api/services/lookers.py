"""Who looks at which run right now: told to the poller through the database, so that it looks there more often."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from daytwo_store import externals
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import RunId

log = structlog.get_logger()
_LASTS: Final = timedelta(seconds=15)  # after the last sign of somebody
_AGAIN: Final = 6.0  # seconds between two writes for one run, however many look
_MOST: Final = 10_000  # runs that are remembered

Looking = Callable[[str], Awaitable[None]]


async def nobody_cares(run: str) -> None:
    """Where nothing polls."""


class Lookers:
    """For one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: dict[str, float] = {}

    async def look(self, run: str) -> None:
        """Somebody has this run open. Costs a write now and then, and never raises what the database does."""
        now = asyncio.get_running_loop().time()
        if now - self._told.get(run, -_AGAIN) < _AGAIN:
            return
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[run] = now
        try:
            async with self._store.write() as tx:
                await externals.watch(tx, RunId(run), until=tx.now + _LASTS)
        except DaytwoError as error:
            log.info("looking.not_told", run=run, error=error.type)
