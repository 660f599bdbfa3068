"""Lines from a pipe without ever waiting longer than asked."""

import os
import select


class LineReader:
    """Splits what comes out of a file descriptor into lines."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._rest = b""
        self.ended = False
        self.idle = False

    def read(self, timeout: float) -> list[bytes]:
        """The whole lines that have arrived; waits up to ``timeout`` seconds for the first byte."""
        ready, _, _ = select.select([self._handle], [], [], timeout)
        self.idle = not ready
        if not ready:
            return []
        chunk = os.read(self._handle, 1 << 16)
        if not chunk:
            self.ended = True
            lines, self._rest = [self._rest] if self._rest else [], b""
            return lines
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return lines
