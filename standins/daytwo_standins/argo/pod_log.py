"""The log of a pod: a time before every line, as a cluster keeps it."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from daytwo_standins.shared.files import write_all

LONGEST_LINE = 1024 * 1024


def stamp(now: float) -> str:
    """A time as Kubernetes writes it into logs, with nine digits of a second."""
    whole = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{whole.microsecond:06d}000Z"


class PodLog:
    """Appends lines to the log file of one pod; what was written is visible at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab", buffering=0)

    def line(self, text: str, now: float) -> None:
        """Write one line; one that is longer than Argo passes on becomes several."""
        mark = stamp(now)
        parts = [text[at : at + LONGEST_LINE] for at in range(0, len(text), LONGEST_LINE)] or [""]
        write_all(self._file, "".join(f"{mark} {part}\n" for part in parts).encode())

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def read_log(path: Path, offset: int) -> Iterator[tuple[str, str, int]]:
    """Time, text and the offset behind it of every whole line from an offset on."""
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            at, _, text = line[:-1].decode(errors="replace").partition(" ")
            yield at, text, offset
