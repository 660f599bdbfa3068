"""The loops that look at schedules and at events: each in one worker at a time under a lease, and right with two.

They are no part of the sweeper: a thousand schedules of the same minute take a while, and pokes must not wait for them.
They are two, so that neither waits for a CI system that does not answer the other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from daytwo_store.errors import DaytwoError
from daytwo_workflows.leased import under_lease
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.firing import fire
from daytwo_workflows.life.reacting import react, tell_expired

log = structlog.get_logger()
_SCHEDULES: Final = "scheduler"  # names of leases
_EVENTS: Final = "triggers"
_EXPIRED_EVERY: Final = 60.0  # seconds
_TURNS: Final = 10  # a worker that is gone keeps others away for so many pauses


@dataclass(kw_only=True, slots=True)
class Scheduler:
    life: Life
    name: str  # of this process
    _looked: float | None = field(default=None, init=False)  # for what has expired, by the loop's clock

    async def run(self) -> None:
        """Until cancelled. A database or a CI system that does not answer is waited for."""
        await asyncio.gather(self._loop(_SCHEDULES, self._fire), self._loop(_EVENTS, self._react))

    async def _loop(self, lease: str, work: Callable[[], Awaitable[None]]) -> None:
        pause = self.life.windows.fire_every.total_seconds()
        while True:
            try:
                await under_lease(self.life.store, lease, holder=self.name, seconds=_TURNS * pause, work=work)
            except DaytwoError as error:
                log.warning("scheduler.waits", error=error.type)
            except Exception:
                log.exception("scheduler.failed")
            await asyncio.sleep(pause)

    async def _fire(self) -> None:
        if begun := await fire(self.life):
            log.info("scheduler.began", count=begun)

    async def _react(self) -> None:
        loop = asyncio.get_running_loop()
        if self._looked is None or loop.time() - self._looked >= _EXPIRED_EVERY:
            await tell_expired(self.life)
            self._looked = loop.time()
        if begun := await react(self.life):
            log.info("triggers.began", count=begun)
