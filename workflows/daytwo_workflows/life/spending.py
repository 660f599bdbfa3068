"""How many requests a connection has cost this process lately."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

_HOUR: Final = 3600.0
_BUCKET: Final = 5.0  # seconds that are counted together


class Spending:
    """For one event loop. Counts every request, also those that the vendor does not count (a 304)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._buckets: deque[list[float]] = deque()  # when it began, and how many
        self.total = 0

    def note(self) -> None:
        """One request was made."""
        now = self._clock()
        self.total += 1
        if self._buckets and now - self._buckets[-1][0] < _BUCKET:
            self._buckets[-1][1] += 1
        else:
            self._buckets.append([now, 1])
        while self._buckets[0][0] < now - _HOUR:
            self._buckets.popleft()

    def last_hour(self) -> int:
        return self._since(self._clock() - _HOUR)

    def rate(self, seconds: float = 600.0) -> float:
        """Requests an hour, by the last so many seconds."""
        now = self._clock()
        over = max(60.0, min(seconds, now - self._began))
        return self._since(now - over) * _HOUR / over

    def _since(self, moment: float) -> int:
        return int(sum(count for began, count in self._buckets if began >= moment))
