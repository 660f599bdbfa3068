"""Which line of a failed job's log says what went wrong. Pure.

The CI system's own mark (`##[error]`) counts more than a line that looks like an error, and that counts more than the
line with which each failed job ends anyway: "Process completed with exit code 1." is marked too, and explains nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 3

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,32}m")
# GitHub writes "2026-03-01T10:00:00.1234567Z text", GitLab "2026-03-01T10:00:00.123456Z 00O text".
_TIME: Final = re.compile(r"\ufeff?\d{4}-\d\d-\d\dT[\d:.]{8,18}Z (?:[0-9a-f]{2}[EO][ +])?")
_MARK: Final = re.compile(r"##\[error\]|::error(?: [^:]*)?::")
_GROUP: Final = "##[group]Run "
_GROUP_END: Final = "##[endgroup]"
_ECHO: Final = re.compile(r"\$ |\++ ")  # a command that is about to run: GitLab, and `set -x`

# That it failed, and nothing about why: with these every failed job ends.
_END: Final = re.compile(
    r"""(?:\#\#\[error\])?(?:ERROR:\ |Error:\ |error:?\ |time=\S+\ level=error\ msg=")?(?:
        Process\ completed\ with\ exit\ code\ \d+
      | The\ process\ '[^']*'\ failed\ with\ exit\ code\ \d+
      | The\ operation\ was\ canceled
      | Job\ failed:\ (?:exit\ code|exit\ status)\ \d+
      | Job\ failed:\ canceled
      | exit\ (?:status|code)\ \d+
      | Command\ failed\ with\ exit\ code\ \d+
      | make(?:\[\d+\])?:\ \*\*\*\ .*\bError\ \d+
    )\.?"?\s*$""",
    re.VERBOSE,
)
_NOTHING: Final = r"(?!\s*[:=]?\s*(?:0|[Nn]one|null|nil|false|no)\s*(?:$|[,;.)\]}|]))"  # "error: 0" tells of none
_ALONE: Final = r"(?<![\w.-])(?<!::)(?<!\b0 )(?<!\b[Nn]o )"  # neither "0 ERROR" nor "continue-on-error: true"
_GUESS: Final = re.compile(
    "|".join(
        (
            rf"{_ALONE}(?:[Ee]rror|[Ff]atal|[Pp]anic)(?:\[\w+\])?[:!]{_NOTHING}",
            rf"{_ALONE}(?:ERROR|FATAL|PANIC|FAILED|FAILURE)(?![\w-]){_NOTHING}",
            r"(?<![\w-])(?:npm|pnpm|yarn) (?:ERR!|error) ",
            r"(?<![\w-])(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception): ",  # "TypeError: x is not a function"
            r"^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)$",
            r"\blevel=(?:error|fatal|panic)\b",
            r"\"level\": ?\"(?:error|fatal|panic)\"",
            r"^(?:--- )?FAIL[: \t]",  # of go
            r"^E {3,}\S",  # of pytest
            r": (?:command not found|not found|No such file or directory|Permission denied)$",
        )
    ),
    re.ASCII,
)
_TRACEBACK: Final = "Traceback (most recent call last)"


class Rater:
    """Tells of one line after the other how much it says about what went wrong.

    3: the CI system itself marks it as an error; 2: it looks like one; 1: it says that something failed, and not what;
    0: nothing. What a step is about to run is shown in a log too, and is none of it. Of a traceback it is the last
    line.
    """

    def __init__(self) -> None:
        self._shown = False  # within the script of a step, as GitHub shows it before running it
        self._traced = False

    def rate(self, line: str) -> int:
        text = _TIME.sub("", _COLOUR.sub("", line), count=1)
        if text.startswith(_GROUP):
            self._shown = True
        if self._shown and not text.startswith("##[error]"):
            self._shown = not text.startswith(_GROUP_END)
            return 0
        self._shown = False
        if _END.match(text):
            return 1
        if _MARK.match(text):
            return MOST
        if self._traced or text.startswith(_TRACEBACK):
            within = not text or text.startswith((" ", "\t", _TRACEBACK))
            ends, self._traced = self._traced and not within, within
            return 2 if ends else 0
        return 2 if not _ECHO.match(text) and _GUESS.search(text) else 0


def telling(lines: Sequence[str], rater: Rater) -> tuple[int, int | None]:
    """How much the most telling of these lines says, and the index of the first that says so much; (0, None): none."""
    best, found = 0, None
    for index, line in enumerate(lines):
        worth = rater.rate(line)
        if worth > best:
            best, found = worth, index
    return best, found


@dataclass(kw_only=True, slots=True)
class Blame:
    """The line of a failed job that says the most about what went wrong, of those that were looked at."""

    number: int | None = None  # of the run's log, when it was kept before the job was known to fail
    _worth: int = 0
    _rater: Rater = field(default_factory=Rater)

    def at(self, lines: Sequence[str]) -> int | None:
        """The index of the line among these that says more than all before them."""
        worth, found = telling(lines, self._rater)
        if worth <= self._worth:
            return None
        self._worth = worth
        return found
