"""Branches and tags read from a repository's files, without starting git: a dispatch costs a fsync, not a process.

https://git-scm.com/docs/gitrepository-layout
"""

from pathlib import Path
from typing import Literal

Kind = Literal["heads", "tags"]


def git_folder(path: Path) -> Path:
    """The folder with ``refs`` and ``objects`` of a repository, bare or not.

    Raises:
        FileNotFoundError: there is no git repository at the path.
    """
    for folder in (path / ".git", path):
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return folder
    raise FileNotFoundError(f"{path} is not a git repository. Make one there or correct `path` in the configuration.")


def read_ref(folder: Path, kind: Kind, name: str) -> str | None:
    """What a branch or tag points at (for an annotated tag the tag object), or None."""
    full = f"refs/{kind}/{name}"
    if ".." in name or "\0" in name or name.startswith("/"):
        return None
    try:
        text = (folder / full).read_text(encoding="ascii").strip()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return _packed(folder).get(full)
    return text or None


def list_refs(folder: Path, prefix: str) -> dict[str, str]:
    """All refs that start with ``prefix`` (as ``refs/tags/``), by full name, sorted."""
    found = {name: value for name, value in _packed(folder).items() if name.startswith(prefix)}
    for path in (folder / "refs").rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name.startswith(prefix):
            found[name] = path.read_text(encoding="ascii").strip()
    return dict(sorted(found.items()))


def _packed(folder: Path) -> dict[str, str]:
    try:
        text = (folder / "packed-refs").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    lines = [line.split(" ", 1) for line in text.splitlines() if line and line[0] not in "#^"]
    return {name: value for value, name in lines}
