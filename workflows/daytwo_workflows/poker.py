"""Delivers the outbox: every process its own pokes at once, the sweeper what was left by one that died."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from daytwo_store import outbox
from daytwo_store.engine import Poke, Store
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import RunId
from daytwo_workflows.client import Driver

log = structlog.get_logger()
_AT_ONCE: Final = 16  # calls to Temporal under way
_WAITING: Final = 10_000  # pokes kept in memory; what is beyond stays in the outbox for the sweeper
_GATHER: Final = 0.05  # seconds in which deliveries are gathered, to be forgotten in one transaction


class Poker:
    """One per process: `offer` it what was committed (`Store.on_poke`), `run` it beside everything else."""

    def __init__(self, store: Store, driver: Driver) -> None:
        self._store = store
        self._driver = driver
        self._queue: asyncio.Queue[Poke] = asyncio.Queue(_WAITING)
        self._told: list[int] = []
        self._telling = asyncio.Event()

    def offer(self, pokes: Sequence[Poke]) -> None:
        for poke in pokes:
            if self._queue.full():
                return
            self._queue.put_nowait(poke)

    async def run(self) -> None:
        """Deliver until cancelled. Nobody watches this task, so nothing but that may end it."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._deliver())
            tasks.create_task(self._forget())

    async def _deliver(self) -> None:
        while True:
            poke = await self._queue.get()
            if await _drive(self._driver, poke.run):
                self._told.append(poke.number)
                self._telling.set()

    async def _forget(self) -> None:
        while True:
            await self._telling.wait()
            await asyncio.sleep(_GATHER)
            self._telling.clear()
            told, self._told = self._told, []
            try:
                await outbox.forget(self._store, told)
            except DaytwoError as error:
                log.warning("poker.forgets_later", error=error.type, count=len(told))  # told twice does no harm
            except Exception:
                log.exception("poker.forgets_later", count=len(told))


@dataclass(frozen=True, slots=True)
class Told:
    """What Temporal made of it. A run in neither was not asked for: Temporal does not answer at all."""

    taken: list[RunId] = field(default_factory=list)
    refused: list[RunId] = field(default_factory=list)


async def tell(driver: Driver, runs: Sequence[RunId]) -> Told:
    """Have these runs looked at, in this order, a few at a time.

    One that Temporal will not take keeps no other from its turn; only when it does not answer at all is the rest left.
    """
    told = Told()
    for at in range(0, len(runs), _AT_ONCE):
        some = runs[at : at + _AT_ONCE]
        answers = await asyncio.gather(*(_drive(driver, run) for run in some))
        if not any(answers) and not await driver.alive():
            break
        for run, taken in zip(some, answers, strict=True):
            (told.taken if taken else told.refused).append(run)
    return told


async def _drive(driver: Driver, run: RunId) -> bool:
    try:
        return await driver.drive(run)
    except Exception:
        log.exception("temporal.refused", run=run)
        return False


async def deliver(store: Store, driver: Driver, *, older_than: timedelta = timedelta(0)) -> int:
    """Tell Temporal what waits in the outbox, a run once; how many runs were told."""
    runs: dict[RunId, list[int]] = {}
    for poke in await outbox.waiting(store, older_than=older_than):
        runs.setdefault(poke.run, []).append(poke.number)
    told = await tell(driver, list(runs))
    if told.taken:
        await outbox.forget(store, [number for run in told.taken for number in runs[run]])
    return len(told.taken)
