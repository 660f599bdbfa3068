"""Delivers the outbox from this process: at once after a change, so that nobody waits for the sweeper."""

import asyncio

import structlog

from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_workflows.client import Driver, deliver

log = structlog.get_logger()


class Poker:
    """One task; `wake` after a commit that poked. What it cannot deliver stays in the outbox for the sweeper."""

    def __init__(self, store: Store, driver: Driver) -> None:
        self._store = store
        self._driver = driver
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                while await deliver(self._store, self._driver):
                    pass
            except DaytwoError as error:
                log.warning("poker.waits", error=error.type)
            except Exception:
                log.exception("poker.failed")
