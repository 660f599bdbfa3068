"""What one open page of one run is told."""

from collections.abc import AsyncGenerator
from typing import Final, Protocol

from daytwo_api.asker import Asker
from daytwo_api.services.lookers import Looking, nobody_cares
from daytwo_api.services.ticks import Tick, Ticker
from daytwo_api.services.watcher import Watcher
from daytwo_api.streams import event, hint, retry
from daytwo_api.views.runs import LogBatch, RunView
from daytwo_store.engine import Topic
from daytwo_store.errors import NotFound, Unavailable
from daytwo_store.listen import Hint, Listener
from daytwo_store.states import RUN_ENDS, RunState

LINES: Final = 500  # of log per event
_FOLLOWED: Final = frozenset({RunState.RUNNING, RunState.CANCELLING, RunState.NEEDS_ATTENTION})


class RunReader(Protocol):
    """What is read for a stream; `daytwo_api.services.runs.Runs`."""

    async def get(self, by: Asker, run: str) -> RunView: ...

    async def logs(
        self, by: Asker, run: str, *, after: int, limit: int, step: str | None, job: str | None, grep: str
    ) -> LogBatch: ...


class RunStream:
    """`after` is the number of the last log line that the page has."""

    def __init__(
        self, runs: RunReader, watcher: Watcher, run: str, *, after: int, looking: Looking = nobody_cares
    ) -> None:
        self._looking = looking
        self._runs = runs
        self._watcher = watcher
        self._run = run
        self._after = after
        self._state: RunState | None = None
        self._log_pending = False
        self._locks: frozenset[Hint] = frozenset()
        self._said = ""
        self._looked = 0.0
        self._behind = True  # something may have changed that was not read yet

    async def events(self, listener: Listener, ticker: Ticker) -> AsyncGenerator[bytes, None]:
        """Subscribes before it reads, so that nothing falls in between."""
        with listener.subscribe(Topic.RUN, Topic.LOG, subject=self._run) as hints:
            yield retry(1000)
            async for tick in ticker.ticks(hints):
                overdue = tick.at - self._looked >= ticker.pace.look_anyway
                self._behind = self._behind or overdue or tick.about(Topic.RUN) or tick.about(Topic.LOCK)
                try:
                    by = await self._watcher.at(tick.at)
                    if by is None:
                        return  # the session or token has ended; the next connection is told so
                    async for frame in self._tell(tick, by):
                        yield frame
                except NotFound:
                    return  # it may no longer be seen; the next connection is told so
                except Unavailable:
                    self._behind = True  # the database will be back; until then pings say that we are here
                hints.also = self._locks  # who goes before it in their queues
                if self._state in RUN_ENDS and not self._log_pending and not self._behind:
                    yield event("end")
                    return
                if self._state in _FOLLOWED:
                    await self._looking(self._run)
                if tick.ping:
                    yield hint("ping")

    async def _tell(self, tick: Tick, by: Asker) -> AsyncGenerator[bytes, None]:
        """The run first, then its log: when the run has ended, its whole log is there."""
        looked = self._behind
        if looked:
            view = await self._runs.get(by, self._run)
            said = view.model_dump_json()
            if said != self._said:
                yield event("run", said)
            self._said, self._state, self._looked = said, view.state, tick.at
            self._log_pending = view.log_pending
            waits = view.lock.keys if view.lock is not None and view.state is RunState.WAITING_LOCK else []
            self._locks = frozenset(Hint(Topic.LOCK, one.key) for one in waits)
        if looked or tick.ping or tick.about(Topic.LOG):
            async for frame in self._log(by):
                yield frame
        self._behind = False

    async def _log(self, by: Asker) -> AsyncGenerator[bytes, None]:
        while True:
            batch = await self._runs.logs(by, self._run, after=self._after, limit=LINES, step=None, job=None, grep="")
            if batch.lines:
                self._after = batch.next
                yield event("log", batch.model_dump_json(), number=batch.next)
            if len(batch.lines) < LINES:
                return
