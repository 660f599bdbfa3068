"""The permission to put bytes on the line: until a deadline, and until it is taken back.

A dispatch waits in a queue, for a name server, for a connection. Whoever asked for it may have given up by then, and
what is sent after that is a dispatch that nobody looks for. So the permission is taken in the thread, under a lock,
right before the first byte leaves, and giving up takes the same lock: exactly one of them comes first.
"""

import threading
import time
from collections.abc import Callable


class NotPermitted(Exception):
    """The bytes did not leave: too late, taken back, or taken once already."""


class Permit:
    """Shared by the thread that sends and the task that waits for it. Times are in seconds of a monotonic clock."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deadline = clock() + seconds
        self._lock = threading.Lock()
        self._taken = False
        self._revoked = False

    @property
    def taken(self) -> bool:
        """Whether bytes may have left whose effect is not settled."""
        return self._taken

    def remaining(self) -> float:
        """Seconds left, negative when it is over."""
        return self._deadline - self._clock()

    def take(self) -> None:
        """Right before the first byte. Raises `NotPermitted`, and then nothing may be sent."""
        with self._lock:
            if self._revoked:
                raise NotPermitted("the attempt had been given up before its turn came")
            if self.remaining() <= 0:
                raise NotPermitted("its time was over before a connection was ready")
            if self._taken:
                raise NotPermitted("it had been sent once already")
            self._taken = True

    def settle(self) -> None:
        """The answer proves that nothing was done, so one more request may take the permit."""
        with self._lock:
            self._taken = False

    def revoke(self) -> bool:
        """Give up. True when it is certain that nothing was sent, and then nothing will be."""
        with self._lock:
            self._revoked = True
            return not self._taken
