"""Of a log that is longer than what is kept, the first lines and the last ones (A12). Pure.

The head is taken as it comes. What comes after it goes through a window of the newest lines, which are the tail when
the log has come to its end; what falls out of that window is counted and never kept.
"""

from collections import deque
from collections.abc import Sequence


class HeadAndTail:
    """`head` and `tail` are in bytes of UTF-8, each line with its line feed. A line is kept whole or not at all."""

    def __init__(self, *, head: int, tail: int) -> None:
        self._head = head
        self._tail = tail
        self._over = False
        self._window: deque[str] = deque()
        self._held = 0
        self.left_out_lines = 0
        self.left_out_bytes = 0

    def take(self, lines: Sequence[str]) -> list[str]:
        """Those of these lines that are of the head. With the first one that does not fit, the head is over."""
        head: list[str] = []
        for line in lines:
            size = size_of(line)
            if not self._over and size <= self._head:
                self._head -= size
                head.append(line)
            else:
                self._over = True
                self._hold(line, size)
        return head

    def tail(self) -> list[str]:
        """The newest lines of what came after the head; nothing more can be taken then."""
        return list(self._window)

    def _hold(self, line: str, size: int) -> None:
        self._window.append(line)
        self._held += size
        while self._held > self._tail:
            gone = size_of(self._window.popleft())
            self._held -= gone
            self.left_out_bytes += gone
            self.left_out_lines += 1


def size_of(line: str) -> int:
    """Bytes of a line in UTF-8, with its line feed."""
    return (len(line) if line.isascii() else len(line.encode())) + 1
