"""Folders as zip files, and zip files that nobody should trust."""

import io
import stat
import zipfile
from pathlib import Path
from typing import Final

_BOMB: Final = 200_000_000  # bytes; two hundred thousand of them as a zip file


def archive(folder: Path, kind: str) -> bytes:
    """A folder as a zip file, or one of ``wrong``."""
    return _WRONG[kind]() if kind in _WRONG else zipped(folder)


def zipped(folder: Path) -> bytes:
    """A folder as a zip file; links are left out, so nothing from outside gets in."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                opened.write(path, path.relative_to(folder).as_posix())
    return target.getvalue()


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


_WRONG: Final = {"bomb": _bomb, "traversal": _traversal, "symlink": _symlink, "garbage": _garbage}
