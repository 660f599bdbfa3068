"""When a stream says something: at once, when a hint comes, when a ping is due; and when it ends."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

from daytwo_store.engine import Topic
from daytwo_store.listen import MISSED, Hint, Subscription


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Seconds."""

    ping: float = 5.0
    least: float = 0.25  # between two looks
    look_anyway: float = 15.0  # a hint may be lost
    ask_again: float = 15.0  # who is looking
    life: float = 300.0  # of one stream
    slow: float = 15.0  # that a reader may take for one event


@dataclass(frozen=True, slots=True)
class Tick:
    hints: list[Hint | None]
    ping: bool
    at: float  # seconds of the loop's clock

    def about(self, topic: Topic) -> bool:
        """Something may have happened there."""
        return any(hint is MISSED or hint.topic is topic for hint in self.hints)


class Ticker:
    """Ticks of all streams of a process, until it is closed."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._closing = asyncio.Event()

    def close(self) -> None:
        self._closing.set()

    async def ticks(self, hints: Subscription) -> AsyncGenerator[Tick, None]:
        """One at once, then one per bundle of hints and per due ping, until the stream's life or the process ends."""
        clock = asyncio.get_running_loop().time
        began = due = clock()
        while not self._closing.is_set() and clock() < began + self.pace.life:
            heard = await hints.wait(max(0.0, due - clock()))
            now = clock()
            ping = now >= due
            if ping:
                due = now + self.pace.ping
            if ping or heard:
                yield Tick(heard, ping=ping, at=now)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pace.least):
                    await self._closing.wait()
