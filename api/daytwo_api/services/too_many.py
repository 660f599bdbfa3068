"""Who was refused too often lately, by address and by run, and who asks too much (S43).

In this process's memory: a hint, no authority.

Whoever is over the limit is still looked at, a few at a time, so that a run with the right token is never locked out by
others who guess: neither by those who know its marker, nor by those behind the same address.
"""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from daytwo_store.errors import DaytwoError, Unauthenticated

REFUSALS: Final = 20  # within the window, for one address or one run
_WINDOW: Final = 60.0  # seconds
_AT_ONCE: Final = 4  # requests of those who are over the limit that are looked at together
_MOST: Final = 10_000  # keys; the one that was not refused for longest is forgotten


class TooMany(DaytwoError):
    """It was refused too often. Nothing was done."""

    status = 429
    type = "too-many"
    title = "Too many requests of this kind were refused"
    retryable = True


class Refusals:
    """Counts refusals by what a request is about; `counted` are the exceptions that are one."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        *,
        most: int = REFUSALS,
        counted: type[Exception] = Unauthenticated,
    ) -> None:
        self._now = now
        self._limit = most
        self._counted = counted
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._looked_at = 0

    @asynccontextmanager
    async def watch(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """Around what decides. Raises `TooMany` in place of a refusal, or of a look, for who is over the limit."""
        if not any(self._over(key) for key in keys):
            try:
                yield
            except self._counted:
                self._note(keys)
                raise
            return
        if self._looked_at >= _AT_ONCE:
            raise self._too_many()
        self._looked_at += 1
        try:
            yield
        except self._counted:
            self._note(keys)
            raise self._too_many() from None
        finally:
            self._looked_at -= 1

    def _over(self, key: str) -> bool:
        times = self._times.get(key)
        return times is not None and len(times) == self._limit and times[0] > self._now() - _WINDOW

    def _note(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._times.setdefault(key, deque(maxlen=self._limit)).append(self._now())
            self._times.move_to_end(key)
        while len(self._times) > _MOST:
            self._times.popitem(last=False)

    def _too_many(self) -> TooMany:
        return TooMany(
            f"From this address, or about this run, {self._limit} requests were refused within {_WINDOW:.0f} s. "
            "This one was not answered, and nothing was done. Ask again later; a request with the right token is taken."
        )


class Demand:
    """Counts what one principal asks for in a minute, with whatever sessions and tokens: nobody takes all of it."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._most = most
        self._window = 0
        self._asked: Counter[str] = Counter()

    def note(self, principal: str) -> None:
        """Raises `TooMany`. Others are not concerned."""
        window = int(self._now() // _WINDOW)
        if window != self._window:
            self._window = window
            self._asked.clear()
        self._asked[principal] += 1
        if self._asked[principal] > self._most:
            raise TooMany(
                f"You asked more than {self._most} times within a minute, and nothing was done. Ask again in the next "
                "one, and less often: a list has filters, and an event stream says when to look again."
            )
