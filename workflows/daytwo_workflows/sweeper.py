"""The one loop outside Temporal (design §4): it works when Temporal has lost its data.

Every few seconds, in one worker at a time: pokes that nobody delivered, runs that nothing drives although something was
due, deliveries that no read has answered, pollers that are gone.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from daytwo_store import inbox, leases, runs
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import RunId
from daytwo_store.settings import Windows
from daytwo_workflows.client import Driver
from daytwo_workflows.poker import deliver

log = structlog.get_logger()
_LEASE = "sweeper"
_KEEP_DELIVERIES = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweeper:
    store: Store
    driver: Driver
    windows: Windows
    connections: Sequence[str]
    name: str  # of this process

    async def run(self) -> None:
        """Sweep until cancelled. A database or a Temporal that does not answer is waited for."""
        pause = self.windows.sweep_every.total_seconds()
        while True:
            try:
                if await leases.take(self.store, _LEASE, holder=self.name, seconds=3 * pause):
                    await self.sweep()
            except DaytwoError as error:
                log.warning("sweeper.waits", error=error.type)
            except Exception:
                log.exception("sweeper.failed")
            await asyncio.sleep(pause)

    async def sweep(self) -> list[RunId]:
        """One round; the runs that were driven because nothing else did."""
        await deliver(self.store, self.driver, older_than=self.windows.sweep_every / 2)
        async with self.store.read() as session:
            now = await self.store.clock.now(session)
            stale = await runs.without_progress(session, since=now - self.windows.stale_after, limit=200)
            unanswered = await inbox.unanswered(session, before=now - timedelta(seconds=1), limit=200)
        if stale:
            log.warning("sweeper.stale_runs", count=len(stale), first=stale[0])
        await self._want(unanswered)
        driven = list(dict.fromkeys([*stale, *unanswered]))
        for run in driven:
            if not await self.driver.drive(run):
                break
        await self.driver.watch(self.connections)
        async with self.store.write() as tx:
            await inbox.prune(tx, before=now - _KEEP_DELIVERIES)
        return driven

    async def _want(self, unanswered: Sequence[RunId]) -> None:
        """A delivery came after the last read: the next look has to read again."""
        if unanswered:
            async with self.store.write() as tx:
                await inbox.want(tx, unanswered)
