"""Of a log that is longer than what is kept, the first lines and the last ones (A12). Pure.

The head is taken as it comes. What comes after it goes through a window of the newest lines, which are the tail when
the log has come to its end; what falls out of that window is counted and never kept, but for one line: the first of
those that say the most about what went wrong, where somebody is interested in that.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daytwo_actions.error_lines import MOST


@dataclass(frozen=True, kw_only=True, slots=True)
class Spared:
    """A line from between head and tail that is kept, and what is left out between the head and it."""

    line: str
    lines: int
    bytes: int


class HeadAndTail:
    """`head` and `tail` are in bytes of UTF-8, each line with its line feed. A line is kept whole or not at all.

    `worth` tells how much a line says about what went wrong, from 0 (nothing) to `MOST`; it hears of the lines in their
    order, and without it none is spared.
    `left_out_lines` and `left_out_bytes` are those between the head, or the spared line, and the tail.
    """

    def __init__(self, *, head: int, tail: int, worth: Callable[[str], int] | None = None) -> None:
        self._head = head
        self._tail = tail
        self._over = False
        self._window: deque[str] = deque()
        self._held = 0
        self._worth = worth
        self._best = 0
        self.spared: Spared | None = None
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
            gone = self._window.popleft()
            gone_size = size_of(gone)
            self._held -= gone_size
            if not self._spare(gone):
                self.left_out_bytes += gone_size
                self.left_out_lines += 1

    def _spare(self, line: str) -> bool:
        """Whether this one is kept, instead of the one before."""
        if self._worth is None or self._best == MOST or (worth := self._worth(line)) <= self._best:
            return False
        lines, bytes_, other = self.left_out_lines, self.left_out_bytes, self.spared
        if other is not None:
            lines, bytes_ = lines + other.lines + 1, bytes_ + other.bytes + size_of(other.line)
        self._best, self.spared = worth, Spared(line=line, lines=lines, bytes=bytes_)
        self.left_out_lines = self.left_out_bytes = 0
        return True


def size_of(line: str) -> int:
    """Bytes of a line in UTF-8, with its line feed."""
    return (len(line) if line.isascii() else len(line.encode())) + 1
