"""So many requests in a window of time, for each login."""

import dataclasses
import time


@dataclasses.dataclass(slots=True)
class _Window:
    ends: int
    used: int = 0


class RateLimits:
    """Counts requests; some are given back."""

    def __init__(self, limit: int, *, seconds: int) -> None:
        self._limit = limit
        self._seconds = seconds
        self._windows: dict[str, _Window] = {}

    def take(self, login: str) -> bool:
        """Count a request; False when there is none left."""
        window = self._window(login)
        if window.used >= self._limit:
            return False
        window.used += 1
        return True

    def give_back(self, login: str) -> None:
        """A request did not count after all."""
        window = self._window(login)
        window.used = max(0, window.used - 1)

    def facts(self, login: str) -> dict[str, int]:
        """Limit, remaining, used, and when the window ends (seconds since the epoch)."""
        window = self._window(login)
        return {
            "limit": self._limit,
            "remaining": self._limit - window.used,
            "used": window.used,
            "reset": window.ends,
        }

    def _window(self, login: str) -> _Window:
        now = int(time.time())
        window = self._windows.get(login)
        if window is None or now >= window.ends:
            window = self._windows[login] = _Window(ends=now + self._seconds)
        return window
