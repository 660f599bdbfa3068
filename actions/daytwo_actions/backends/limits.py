"""How fast a vendor lets a connection ask: what its answers say of it, kept and obeyed for all requests together.

One place per connection, because a vendor that is asked on while it says "wait" counts that too, and bans in the end.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from daytwo_actions.backends.base import Budget

_FIRST_WAIT: Final = 60.0  # seconds, when a vendor limits and names no time; doubled each time that it does so again
_LONGEST_WAIT: Final = 3600.0
_ABSURD: Final = 86_400.0  # seconds; nobody means more than a day, whatever a header says


def _now() -> datetime:
    return datetime.now(UTC)


class Limits:
    """For one event loop. Seconds are of a monotonic clock, and moments for people of `now`."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._now = now
        self._held_until = 0.0
        self._unexplained = 0  # refusals in a row that named no time
        self._noticed = clock()  # when the last refusal was heard
        self._limit: int | None = None
        self._remaining: int | None = None
        self._resets_at: float | None = None
        self._told = False

    def wait(self) -> float | None:
        """Seconds until anything may be asked again; None when it may be asked now."""
        left = self._held_until - self._clock()
        return left if left > 0 else None

    def told(self, *, limit: int | None, remaining: int | None, resets_in: float | None) -> None:
        """What an answer says of the period that it was given in.

        Answers overtake each other: within a period what is left only falls.
        """
        if limit is None and remaining is None:
            return
        resets_at = None if resets_in is None else self._clock() + min(resets_in, _ABSURD)
        if self._same_period(resets_at) and self._remaining is not None and remaining is not None:
            remaining = min(remaining, self._remaining)
        self._limit, self._remaining, self._resets_at, self._told = limit, remaining, resets_at, True
        if remaining == 0 and resets_in is not None:
            self._hold(resets_in)

    def refused(self, seconds: float | None, *, asked_at: float) -> float:
        """It says "not so fast", of a request that left at `asked_at`. Gives the seconds that are waited now.

        `seconds` is what the vendor named; None when it named nothing. What was under way already when the last
        refusal was heard is the same one again, and makes no wait longer.
        """
        if seconds is None:
            if self._unexplained == 0 or asked_at > self._noticed:
                self._unexplained += 1
            seconds = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._unexplained - 1, 10))
        self._noticed = self._clock()
        self._hold(seconds)
        return self.wait() or seconds

    def served(self) -> None:
        """An answer like any other: waiting has helped."""
        self._unexplained = 0

    def budget(self) -> Budget | None:
        wait = self.wait()
        if not self._told and wait is None:
            return None
        return Budget(
            limit=self._limit,
            remaining=self._remaining,
            resets_at=None if self._resets_at is None else self._moment(self._resets_at - self._clock()),
            held_until=None if wait is None else self._moment(wait),
        )

    def until(self) -> str:
        """For people: when it is over, "12:30:05 UTC"."""
        return f"{self._moment(self.wait() or 0.0):%H:%M:%S} UTC"

    def _moment(self, seconds: float) -> datetime:
        return self._now() + timedelta(seconds=seconds)

    def _hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock() + min(seconds, _ABSURD))

    def _same_period(self, resets_at: float | None) -> bool:
        return resets_at is not None and self._resets_at is not None and abs(resets_at - self._resets_at) < 30.0
