"""The log of a job in GitHub's format: byte-order mark, seven-digit times, ``##[…]`` marks."""

import datetime
from pathlib import Path
from typing import BinaryIO

from daytwo_standins.shared.files import write_all

BOM = "\ufeff"


def stamp(now: float) -> str:
    """A time as GitHub writes it into logs, with seven digits of a second."""
    whole = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{whole.microsecond:06d}0Z"


class JobLog:
    """Appends lines to the log file of one job; what was written is visible at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._fresh = self._file.tell() == 0

    def line(self, text: str, now: float) -> None:
        """Write one line, or several when the text has them; only the first gets the time."""
        mark = BOM if self._fresh else ""
        self._fresh = False
        write_all(self._file, f"{mark}{stamp(now)} {text}\n".encode())

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
