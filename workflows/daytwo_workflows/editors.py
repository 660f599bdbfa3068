"""Who last changed a file of the company, as Git has it: the author of the last commit that changed it.

Known only where the file stands in a Git checkout with its whole history and as it was committed; else it is said why
not. Git's author is what a commit says of itself: whoever has to trust it protects the branch that commits come
through. Nothing here writes, and no hook or helper that a repository configures is run.
"""

import os
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SECONDS: Final = 20
_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "log.showSignature=false")
_FORMAT: Final = "--format=%x00%H%x1f%ae%x1f%an"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """The last change of one file. `why_not`: why it is not known; then nothing else is."""

    commit: str | None = None
    email: str | None = None
    name: str | None = None
    why_not: str | None = None


class _GitSays(Exception):
    """Why Git does not tell, as a part of a sentence."""


def last_edits(files: Collection[str]) -> dict[str, Edit]:
    """By file, as it was given. Blocks for as long as Git takes."""
    found: dict[str, Edit] = {}
    folders: dict[Path, list[str]] = {}
    for file in files:
        folders.setdefault(Path(file).resolve().parent, []).append(file)
    for folder, inside in folders.items():
        names = {Path(file).resolve().name: file for file in inside}
        try:
            edits = _in_folder(folder, names)
        except _GitSays as why:
            edits = {name: Edit(why_not=str(why)) for name in names}
        found |= {file: edits[name] for name, file in names.items()}
    return found


def _in_folder(folder: Path, names: Collection[str]) -> dict[str, Edit]:
    if _git(folder, "rev-parse", "--is-shallow-repository").strip() != "false":
        raise _GitSays("its checkout has not the whole history (fetch it without a depth)")
    changed = _changed(folder, names)
    edits = {name: Edit(why_not="it is not as it was committed") for name in changed}
    for commit, files in _log(folder):
        for name in files:
            if name in names and name not in edits:
                edits[name] = commit
        if edits.keys() >= set(names):
            break
    return {name: edits.get(name, Edit(why_not="it was never committed")) for name in names}


def _changed(folder: Path, names: Collection[str]) -> set[str]:
    """Those that differ from the last commit, or that Git does not look after."""
    told = _git(
        folder, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored", "--", *names
    )
    paths = [entry[3:] for entry in told.split("\0") if entry]
    return {Path(path).name for path in paths} & set(names)


def _log(folder: Path) -> Iterator[tuple[Edit, list[str]]]:
    """Commits that changed something here, newest first, with the names of the files."""
    told = _git(folder, "log", "--no-renames", "--name-only", "--relative", _FORMAT, "--", ".")
    for entry in told.split("\0")[1:]:
        head, *files = entry.split("\n")
        commit, email, name = (*head.split("\x1f"), "", "")[:3]
        yield Edit(commit=commit, email=email, name=name), [file for file in files if file]


def _git(folder: Path, *arguments: str) -> str:
    environment: Mapping[str, str] = {
        **os.environ,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *_SAFE, *arguments],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        raise _GitSays("Git is not installed where the files are loaded") from None
    except (OSError, subprocess.TimeoutExpired):
        raise _GitSays("Git did not answer") from None
    if done.returncode == 0:
        return done.stdout.decode(errors="replace")
    said = done.stderr.decode(errors="replace")
    if "dubious ownership" in said:
        raise _GitSays("its checkout belongs to somebody else (see Git's safe.directory)")
    raise _GitSays("its file stands in no Git checkout")
