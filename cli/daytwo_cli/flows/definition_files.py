"""Files with definitions that are sent to a server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from daytwo_cli.errors import Usage
from daytwo_store.yaml12 import is_test_file

_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def files_below(paths: Sequence[Path]) -> list[Path]:
    """These files, and those in these folders but for tests. Raises `Usage` for what is not there."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Usage(f"There is no file or folder {path}. Nothing was asked.")
        found += (
            sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES and not is_test_file(one))
            if path.is_dir()
            else [path]
        )
    return found


def text_of(path: Path) -> str:
    """Raises `Usage`."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{path} cannot be read ({type(error).__name__}). Nothing was asked.") from None
