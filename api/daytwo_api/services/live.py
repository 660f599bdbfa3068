"""Live pages: one stream per open page, fed by hints of the database and proven by reads.

`run` sends `run` (the RunView whenever it has changed, at most four times a second), `log` (a LogBatch; its event id is
the number to go on from), `ping` every 5 seconds, and `end`. `lists` sends `runs`, `approvals`, `freezes` and `ping`. A
stream ends by itself after five minutes, or when the process stops: the browser connects again, authenticated again.
Every 15 seconds it is asked again who is looking; the stream of somebody whose session or token has ended, or who may
read nothing any more, ends too.
"""

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from fastapi.responses import StreamingResponse

from daytwo_api.asker import Asker
from daytwo_api.services.lookers import Looking, nobody_cares
from daytwo_api.services.run_stream import RunReader, RunStream
from daytwo_api.services.ticks import Pace, Ticker
from daytwo_api.services.watcher import Still, Watcher
from daytwo_api.streams import EventStream, hint, retry
from daytwo_store.engine import Topic
from daytwo_store.errors import Unavailable
from daytwo_store.listen import Listener

_LARGEST: Final = 18  # digits of a number that the database knows


class Live:
    def __init__(
        self, listener: Listener, runs: RunReader, pace: Pace | None = None, looking: Looking = nobody_cares
    ) -> None:
        self._looking = looking
        self._listener = listener
        self._runs = runs
        self._ticker = Ticker(pace or Pace())

    def close(self) -> None:
        """End every stream now. The process is stopping."""
        self._ticker.close()
        self._listener.wake()

    async def lists(self, by: Asker, still: Still) -> StreamingResponse:
        """Hints name nothing, so everybody who is signed in may have them."""
        return EventStream(self._hints(self._watcher(by, still)), slow_after=self._ticker.pace.slow)

    async def run(
        self, by: Asker, run: str, last_event_id: str | None, after: int, *, still: Still
    ) -> StreamingResponse:
        """Raises `NotFound` before the stream begins when there is no such run that may be seen."""
        await self._runs.get(by, run)
        known = last_event_id if last_event_id and last_event_id.isdecimal() and len(last_event_id) <= _LARGEST else ""
        stream = RunStream(
            self._runs, self._watcher(by, still), run, after=int(known) if known else after, looking=self._looking
        )
        return EventStream(stream.events(self._listener, self._ticker), slow_after=self._ticker.pace.slow)

    def _watcher(self, by: Asker, still: Still) -> Watcher:
        return Watcher(by, still, every=self._ticker.pace.ask_again)

    async def _hints(self, watcher: Watcher) -> AsyncGenerator[bytes, None]:
        with self._listener.subscribe(Topic.RUN, Topic.APPROVAL, Topic.FREEZE) as hints:
            yield retry(1000)
            async for tick in self._ticker.ticks(hints):
                with suppress(Unavailable):  # the database will be back; hints tell nothing meanwhile
                    if await watcher.at(tick.at) is None:
                        return
                if tick.about(Topic.RUN):
                    yield hint("runs")
                if tick.about(Topic.APPROVAL):
                    yield hint("approvals")
                if tick.about(Topic.FREEZE):
                    yield hint("freezes")
                if tick.ping:
                    yield hint("ping")
