"""A job's log as people want it: without what GitLab's runner writes for GitLab's own page.

- `section_start:1767225600:step_script\\r\\x1b[0K` and its end fold the page; they go.
- Since runner 18.7 every line begins `2026-03-01T10:00:00.000001Z 00O `: time, stream in hexadecimal, O or E, and `+`
  in place of the blank where a line goes on that was written without its end. Times and marks go, parts are joined.
- Text before a carriage return was overwritten on a terminal; what stands last is kept.

What has been given out stays as it is when more is fed, so a log may be read from its start again and again while the
job runs. The end of a line is therefore given with the beginning of the next one, or by `end`.
"""

import re
from typing import Final

_STAMP: Final = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z [0-9a-f]{2}[OE]([ +])")
_SECTION: Final = re.compile(rb"section_(?:start|end):\d{1,12}:[^\r\n]{0,512}\r\x1b\[0K")
_LONGEST: Final = 1_048_576  # bytes of a line that are held back; what is longer goes out in pieces as it is


class Trace:
    """Feed it bytes, get cleaned bytes."""

    def __init__(self) -> None:
        self._held = b""  # a line whose end has not come yet
        self._line: bytes | None = None  # a whole line that the next one may belong to

    def feed(self, piece: bytes) -> bytes:
        *whole, self._held = (self._held + piece).split(b"\n")
        given = b"".join(self._next(line) for line in whole)
        if len(self._held) > _LONGEST:
            given += self._next(self._held)
            self._held = b""
        return given

    def end(self) -> bytes:
        """The rest. A last line comes without its end: it may be the first part of one that still grows."""
        given = self._next(self._held) if self._held else b""
        self._held = b""
        line, self._line = self._line, None
        return given + (_shown(line) if line is not None else b"")

    def _next(self, line: bytes) -> bytes:
        """The line before this one, if this one does not belong to it."""
        stamp = _STAMP.match(line)
        text = line[stamp.end() :] if stamp else line
        if stamp and stamp[1] == b"+" and self._line is not None and len(self._line) < _LONGEST:
            self._line += text
            return b""
        before, self._line = self._line, text
        return b"" if before is None else _shown(before) + b"\n"


def _shown(line: bytes) -> bytes:
    parts = [part for part in _SECTION.sub(b"", line).split(b"\r") if part not in {b"", b"\x1b[0K", b"\x1b[0;m"}]
    return parts[-1] if parts else b""
