"""Artifacts: folders that the steps of an attempt have filled, offered as zip files."""

import io
import stat
import zipfile
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


def archive(folder: Path, kind: str) -> bytes:
    """The artifact as a zip file, or one that nobody should trust."""
    if kind in _WRONG:
        return _WRONG[kind]()
    return zipped(folder)


def _bomb() -> bytes:
    return _of((zipfile.ZipInfo("result.json"), b" " * _BOMB))


def _traversal() -> bytes:
    return _of(*((zipfile.ZipInfo(name), b'{"from": "outside"}') for name in ("../result.json", "/result.json")))


def _symlink() -> bytes:
    link = zipfile.ZipInfo("result.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return _of((link, b"/etc/passwd"))


def _garbage() -> bytes:
    return b"PK\x03\x04 not really"


def _of(*entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as opened:
        for entry, content in entries:
            entry.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(entry, content)
    return target.getvalue()


_BOMB = 200_000_000  # bytes; two hundred thousand of them as a zip file
_WRONG = {"bomb": _bomb, "traversal": _traversal, "symlink": _symlink, "garbage": _garbage}


def zipped(folder: Path) -> bytes:
    """The artifact as a zip file; links are left out, so nothing from outside gets in."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                archive.write(path, path.relative_to(folder).as_posix())
    return target.getvalue()
