"""What a stand-in and its client did that the vendor's description does not have, written down for tests."""

import json
from pathlib import Path
from typing import Any

from daytwo_standins.shared.files import drop_torn_line, read_lines, write_all


class Violations:
    """One line per request or answer that was not as described; they stay when the process is killed."""

    def __init__(self, path: Path) -> None:
        drop_torn_line(path)
        self._path = path
        self._file = path.open("ab", buffering=0)

    def add(self, record: dict[str, Any]) -> None:
        """Write one down."""
        write_all(self._file, json.dumps(record, ensure_ascii=False).encode() + b"\n")

    def read(self) -> list[dict[str, Any]]:
        """All of them."""
        return list(read_lines(self._path))

    def forget(self) -> None:
        """They were expected."""
        self._file.truncate(0)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def found_in(data: Path) -> list[str]:
    """What stands in the data folder of a stand-in, running or not; the same only once."""
    lines = read_lines(data / "violations.jsonl")
    return list(dict.fromkeys(f"{line['operation']}: {text}" for line in lines for text in line["violations"]))
