"""The trace of a job: sections, colours and, as since runner 18.7, a time before every line.

https://docs.gitlab.com/ci/jobs/job_logs/; the times: ``2026-03-01T10:00:00.000001Z 00O text``, where O or E names the
stream and ``+`` in place of the space marks the continuation of a line.
"""

import datetime
from pathlib import Path
from typing import BinaryIO

from daytwo_standins.shared.files import write_all

_GREEN, _CYAN, _RED, _END = "\x1b[32;1m", "\x1b[36;1m", "\x1b[31;1m", "\x1b[0;m"
_CLEAR = "\x1b[0K"


class Trace:
    """Appends to the trace of one job; what was written is visible at once."""

    def __init__(self, path: Path, *, stamps: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._stamps = stamps
        self._section = ""

    def begin(self, now: float) -> None:
        """The first line, and the sections before the script."""
        self._line(f"{_CLEAR}Running with gitlab-runner 18.8.0 (stand-in){_END}", now)
        self.section("prepare_executor", 'Preparing the "shell" executor', now)
        self._line("Using Shell (bash) executor...", now)
        self.section("get_sources", "Getting source from Git repository", now)

    def section(self, name: str, title: str, now: float) -> None:
        """End the section that is open, and begin another."""
        ended = self._ended(now)
        self._section = name
        begun = f"section_start:{int(now)}:{name}\r{_CLEAR}"
        # The runner writes marks without a line break of their own; with times each mark is a line to be continued.
        if self._stamps:
            self._write(f"{_stamp(now)} 00O {ended}{begun}\n{_stamp(now)} 00O+{_CLEAR}{_CYAN}{title}{_END}\n")
        else:
            self._write(f"{ended}{begun}{_CLEAR}{_CYAN}{title}{_END}\n")

    def command(self, text: str, now: float) -> None:
        """A command that is about to run."""
        self._line(f"{_GREEN}$ {text}{_END}", now)

    def output(self, text: str, now: float) -> None:
        """A line that the job printed."""
        self._line(text, now, stream="01O")

    def note(self, text: str, now: float) -> None:
        """A line of the runner's own."""
        self._line(text, now)

    def end(self, now: float, *, error: str = "") -> None:
        """The last line: it succeeded, or why it did not."""
        ended = self._ended(now)
        text = f"{_RED}ERROR: {error}{_END}" if error else f"{_GREEN}Job succeeded{_END}"
        self._line(ended + text, now)
        self._file.close()

    def _ended(self, now: float) -> str:
        name, self._section = self._section, ""
        return f"section_end:{int(now)}:{name}\r{_CLEAR}" if name else ""

    def _line(self, text: str, now: float, *, stream: str = "00O") -> None:
        self._write(f"{_stamp(now)} {stream} {text}\n" if self._stamps else f"{text}\n")

    def _write(self, text: str) -> None:
        write_all(self._file, text.encode())


def _stamp(now: float) -> str:
    return f"{datetime.datetime.fromtimestamp(now, datetime.UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
