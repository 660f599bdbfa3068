"""Lines of a log as somebody reads them: without the time that GitHub and GitLab put before each, and without colours.

The page and the command line hide the same. Marks as `##[error]` stay: whoever looks for "error" looks for those, too.
"""

import re
from typing import Final

import re2

_TIME: Final = re.compile(r"\ufeff?[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z ?")
_COLOUR: Final = r"\x1b\[[0-9;]*m"  # no other escape sequence is kept
_COLOURS: Final = re.compile(_COLOUR)


def as_read(lines: str) -> str:
    """One line, or many."""
    bare = "\n".join([_without_time(line) for line in lines.split("\n")])
    return _COLOURS.sub("", bare) if "\x1b" in bare else bare


class Wanted:
    """A text that is looked for, whatever its case."""

    def __init__(self, text: str) -> None:
        self._low = text.casefold()
        self._parted = re2.compile("(?i)" + f"(?:{_COLOUR})*".join(re2.escape(letter) for letter in text))

    def may_be_in(self, lines: str) -> bool:
        """False: it is in none of them. Quick, for most of a log holds nothing: a tenth of what reading it takes."""
        return self._low in lines.casefold() or ("\x1b" in lines and self._parted.search(lines) is not None)

    def among(self, lines: str) -> list[int]:
        """Those that have it as they are read, counted from 0."""
        read = as_read(lines).casefold().split("\n")
        return [number for number, line in enumerate(read) if self._low in line]


def _without_time(line: str) -> str:
    found = _TIME.match(line)
    return line[found.end() :] if found else line
