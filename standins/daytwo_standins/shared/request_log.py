"""What was asked: one line per request, without any header, so without any credential."""

import json
from pathlib import Path
from typing import Any, BinaryIO

from daytwo_standins.shared.files import drop_torn_line, read_lines, write_all


class RequestLog:
    """Appends requests and reads them back."""

    def __init__(self, path: Path) -> None:
        drop_torn_line(path)
        self._path = path
        self._file: BinaryIO = path.open("ab", buffering=0)

    def add(self, record: dict[str, Any]) -> None:
        """Write one line; it survives our death, not the machine's."""
        write_all(self._file, json.dumps(record, ensure_ascii=False).encode() + b"\n")

    def read(self) -> list[dict[str, Any]]:
        """All lines."""
        return list(read_lines(self._path))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
