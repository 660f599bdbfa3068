"""The one loop outside Temporal (design §4): it works when Temporal has lost its data.

Every few seconds, in one worker at a time: pokes that nobody delivered, runs that nothing drives although something was
due, deliveries that no read has answered, holds of locks whose time is over, pollers that are gone, and the
audit's next signed checkpoint. And it answers what CI systems ask.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from daytwo_actions.definitions.durations import LONGEST
from daytwo_store import events, firings, inbox, questions, reactions, refused_webhooks, reviews, runs
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import RunId
from daytwo_store.settings import Windows
from daytwo_workflows.client import Driver
from daytwo_workflows.leased import under_lease
from daytwo_workflows.life.lock_sweep import sweep_locks
from daytwo_workflows.poker import deliver, tell
from daytwo_workflows.seal import Seal
from daytwo_workflows.secret_care import SecretCare

log = structlog.get_logger()
_LEASE: Final = "sweeper"
_KEEP_DELIVERIES: Final = timedelta(days=30)
_KEEP_FIRINGS: Final = timedelta(days=400)
_KEEP_EVENTS: Final = LONGEST  # what waits does so no longer
_PRUNE_EVERY: Final = timedelta(hours=1)


@dataclass(kw_only=True, slots=True)
class Sweeper:
    store: Store
    driver: Driver
    windows: Windows
    connections: Sequence[str]
    name: str  # of this process
    seal: Seal | None = None  # none: no key to sign checkpoints of the audit with
    secrets: SecretCare | None = None
    answer: Callable[[], Awaitable[int]] | None = None  # what CI systems ask
    at_a_time: int = 200  # runs of each kind in one round, beside those that Temporal refused in the last one
    _refused: frozenset[RunId] = field(default=frozenset(), init=False)  # by Temporal, in the last round
    _pruned: datetime | None = field(default=None, init=False)

    async def run(self) -> None:
        """Sweep until cancelled. A database or a Temporal that does not answer is waited for."""
        pause = self.windows.sweep_every.total_seconds()
        while True:
            try:
                await under_lease(self.store, _LEASE, holder=self.name, seconds=3 * pause, work=self.sweep)
            except DaytwoError as error:
                log.warning("sweeper.waits", error=error.type)
            except Exception:
                log.exception("sweeper.failed")
            await asyncio.sleep(pause)

    async def sweep(self) -> list[RunId]:
        """One round; the runs that were driven because nothing else did.

        Those that Temporal refused last time come last and take nobody's place, however many they are.
        """
        await deliver(self.store, self.driver, older_than=self.windows.sweep_every / 2)
        limit = self.at_a_time + len(self._refused)
        async with self.store.read() as session:
            now = await self.store.clock.now(session)
            stale = await runs.without_progress(session, since=now - self.windows.stale_after, limit=limit)
            unanswered = await inbox.unanswered(session, before=now - self.windows.poll_every, limit=limit)
        await _alone("locks", sweep_locks(self.store, now))
        if self.seal is not None:
            await _alone("seal", self.seal.seal(now))
        if stale:
            log.warning("sweeper.stale_runs", count=len(stale), first=stale[0])
        await self._want(unanswered)
        told = await tell(self.driver, sorted(dict.fromkeys([*stale, *unanswered]), key=self._refused.__contains__))
        # Once says little: Temporal may have come back while it was asked about others.
        if again := [run for run in told.refused if run in self._refused]:
            log.error("sweeper.refused", count=len(again), first=again[0])
        if told.taken or told.refused:  # else Temporal does not answer, which says nothing about these runs
            self._refused = frozenset(told.refused)
        for connection in self.connections:
            if not await self.driver.watch([connection]) and not await self.driver.alive():
                break
        await _alone("reviews", self._remind())
        await _alone("prune", self._prune(now))
        if self.answer is not None:
            await _alone("questions", self.answer())
        if self.secrets is not None:
            await _alone("secrets", self.secrets.round(now))
        return told.taken

    async def _remind(self) -> None:
        """Reviews of runs that broke the glass are not forgotten."""
        async with self.store.write() as tx:
            reminded = await reviews.remind(tx)
        if reminded:
            log.info("sweeper.reviews_open", count=reminded)

    async def _prune(self, now: datetime) -> None:
        if self._pruned is None or now - self._pruned >= _PRUNE_EVERY:
            async with self.store.write() as tx:
                await inbox.prune(tx, before=now - _KEEP_DELIVERIES)
                await questions.prune(tx, before=now - _KEEP_DELIVERIES)
                await events.prune(tx, before=now - _KEEP_EVENTS)
                await reactions.prune(tx, before=now - _KEEP_EVENTS)
                await firings.prune(tx, before=now - _KEEP_FIRINGS)
                await refused_webhooks.prune(tx, before=now - _KEEP_DELIVERIES)
            self._pruned = now

    async def _want(self, unanswered: Sequence[RunId]) -> None:
        """A delivery came after the last read: the next look has to read again."""
        if unanswered:
            async with self.store.write() as tx:
                await inbox.want(tx, unanswered)


async def _alone(name: str, job: Awaitable[object]) -> None:
    """One job of a round. What fails in it is told, tried again in the next round, and keeps no other from its turn."""
    try:
        await job
    except DaytwoError as error:
        log.warning("sweeper.waits", what=name, error=error.type)
    except Exception:
        log.exception("sweeper.failed", what=name)
