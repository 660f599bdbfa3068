"""Sends that block: each in a thread, given up after a time, and never begun a second time while the first goes on.

What has begun in a thread cannot be stopped. A message that was given up may be taken after all, so whoever tries it
again waits for the first try, and hears what came of it, instead of sending it once more.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

_THREADS: Final = 4
_MOST: Final = 1000  # tries that are remembered; those that nobody asks for again are forgotten when they are over


class Hands:
    """Of one process. `patience`: seconds for one try."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="notify")
        self._going: dict[str, Future[bool]] = {}

    async def send(self, message: str, work: Callable[[], bool]) -> bool:
        """Whether it was taken. Raises what `work` raises, and `TimeoutError` when it takes too long."""
        going = self._going.pop(message, None)
        if going is None or (going.done() and not _taken(going)):
            going = self._threads.submit(work)
        try:
            async with asyncio.timeout(self.patience):
                return await asyncio.shield(asyncio.wrap_future(going))
        finally:
            if not going.done() and not going.cancel():
                self._remember(message, going)

    def _remember(self, message: str, going: Future[bool]) -> None:
        if len(self._going) >= _MOST:
            self._going = {name: one for name, one in self._going.items() if not one.done()}
        self._going[message] = going


def _taken(over: Future[bool]) -> bool:
    return over.exception() is None and over.result()
