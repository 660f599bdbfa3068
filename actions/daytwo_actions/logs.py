"""From a CI system's bytes to lines that may be kept and shown (A12). Pure.

bytes → UTF-8 → masked across chunk borders → lines of at most 64 KB → control characters filtered (ANSI colours stay)
→ what an escape sequence has parted masked. How much of them is kept: `head_and_tail.py`.
"""

import codecs
import re
from collections.abc import Sequence
from typing import Final

from daytwo_actions.masking import Masker

LINE_LIMIT: Final = 64 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ESCAPE: Final = re.compile(r"\x1b(?!\[[0-9;]{0,32}m)(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)?|.?)")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,32}m")


class Cleaner:
    """Feed it bytes, get whole clean lines; `end` gives the rest."""

    def __init__(self, *, secrets: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._masker = Masker(secrets)
        self._of_line = Masker(secrets)
        self._line = ""

    def feed(self, piece: bytes) -> list[str]:
        return self._split(self._masker.feed(self._decoder.decode(piece)))

    def settled(self) -> list[str]:
        """The whole lines of a log that still grows: what has come so far, without a line that may go on."""
        return self._split(self._masker.settled())

    def end(self) -> list[str]:
        lines = self._split(self._masker.feed(self._decoder.decode(b"", True)) + self._masker.end())
        if self._line:
            lines.append(self._clean(self._line))
            self._line = ""
        return lines

    def _split(self, text: str) -> list[str]:
        *whole, self._line = (self._line + text.replace("\r\n", "\n")).split("\n")
        while len(self._line) > LINE_LIMIT:
            whole.append(self._line[:LINE_LIMIT])
            self._line = self._line[LINE_LIMIT:]
        return [self._clean(part) for line in whole for part in _parts(line)]

    def _clean(self, line: str) -> str:
        return _CONTROL.sub("\ufffd", self._rejoined(line.lstrip("\ufeff").rstrip("\r")))

    def _rejoined(self, line: str) -> str:
        """The line without the escape sequences that are not kept. A secret that one of them, or a colour, has parted
        would stand there whole: such a line loses its colours, and is masked."""
        if "\x1b" not in line:
            return line
        kept = _ESCAPE.sub("", line)
        bare = _COLOUR.sub("", kept)
        masked = self._of_line.feed(bare) + self._of_line.end()
        return kept if masked == bare else masked


def _parts(line: str) -> list[str]:
    return [line[at : at + LINE_LIMIT] for at in range(0, len(line), LINE_LIMIT)] or [""]
