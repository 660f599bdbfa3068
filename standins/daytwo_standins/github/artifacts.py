"""Artifacts: folders that the steps of an attempt have filled, offered as zip files."""

from collections.abc import Iterator
from pathlib import Path

from daytwo_standins.github.runs import Run
from daytwo_standins.shared.ids import stable_id


def artifact_folders(run: Run) -> Iterator[Path]:
    """The artifacts of all attempts of a run, the newest attempt first, each name once."""
    seen = set()
    for number in range(len(run.attempts), 0, -1):
        folder = run.attempt_folder(number) / "artifacts"
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name not in seen:
                seen.add(path.name)
                yield path


def artifact_id(run: Run, folder: Path) -> int:
    """The id of an artifact."""
    return stable_id("artifact", str(run.id), folder.parent.parent.name, folder.name)


def artifact_size(folder: Path) -> int:
    """The bytes of its files together."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
