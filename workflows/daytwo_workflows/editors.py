"""Who last changed a file of the company, as Git has it: the author of the last commit that changed it.

A merge is an edit where it holds what no automatic merge would give: then whoever made it has edited the file, and so
have those who changed it on the sides that it brought together, since each wrote a part of what stands there.

Known only where the file stands in a Git checkout with its whole history and as it was committed; else it is said why
not. Git's author is what a commit says of itself: whoever has to trust it protects the branch that commits come
through. Nothing here writes, and no hook, filter or helper that a repository configures is run: only objects are read,
and the file's bytes are hashed here.

Git refuses a checkout of another user (https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory),
as one that is mounted into a container is. Whoever owns the folder of the definitions can write what they like there,
so a checkout of the same owner is asked all the same; a folder above it of anybody else's is not.
"""

import hashlib
import os
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

_SECONDS: Final = 20
_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "protocol.allow=never", "-c", "i18n.logOutputEncoding=UTF-8")
_FORMAT: Final = "--format=%x1f%H%x1f%P%x1f%ae%x1f%an"  # Git puts the parents before it
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "GIT_ALLOW_PROTOCOL": "none",  # a clone that has not all objects asks nobody for them
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """The last change of one file. `why_not`: why it is not known; then nothing else is."""

    commit: str | None = None
    email: str | None = None
    name: str | None = None
    why_not: str | None = None
    others: "tuple[Edit, ...]" = ()  # whose changes stand there as well, where they were merged


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
    committed = _committed(folder, names)
    return {
        name: _edit(folder, name)
        if name in committed and _is(folder / name, committed[name])
        else Edit(why_not="it is not as it was committed")
        for name in names
    }


def _committed(folder: Path, names: Collection[str]) -> dict[str, str]:
    """The id of what was committed last under each name."""
    told = _git(folder, "ls-tree", "-z", "HEAD", "--", *names)
    entries = (entry.partition("\t") for entry in told.split("\0") if entry)
    return {name: about.split()[2] for about, _, name in entries}


def _is(file: Path, blob: str) -> bool:
    """Are these the bytes of a blob? Line ends of Windows are no change."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return any(_blob(one, len(blob)) == blob for one in (content, content.replace(b"\r\n", b"\n")))


def _blob(content: bytes, length: int) -> str:
    hashed = hashlib.sha256 if length == 64 else hashlib.sha1  # as the repository does: no protection is asked of it
    return hashed(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass(frozen=True, slots=True)
class _Commit:
    edit: Edit
    parents: tuple[str, ...]  # the nearest that changed the file, or merged changes of it


def _edit(folder: Path, name: str) -> Edit:
    commits = _commits(folder, name)
    if not commits:
        return Edit(why_not="it was never committed")
    first, *others = {edit.email: edit for edit in _editors(folder, name, commits)}.values()
    return replace(first, others=tuple(others))


def _commits(folder: Path, name: str) -> dict[str, _Commit]:
    """Those that changed the file, and merges of such, newest first, by id. What one side alone has changed is no
    merge here; one that takes back the change of a side is a change."""
    told = _git(
        folder, "rev-list", "--topo-order", "--simplify-merges", "--parents", "--no-commit-header", _FORMAT,
        "HEAD", "--", name,
    )  # fmt: skip
    found: dict[str, _Commit] = {}
    for line in filter(None, told.split("\n")):
        _, commit, parents, email, author = line.split("\x1f", 4)
        found[commit] = _Commit(Edit(commit=commit, email=email, name=author), tuple(parents.split()))
    return found


def _editors(folder: Path, name: str, commits: Mapping[str, _Commit]) -> Iterator[Edit]:
    """Whose changes stand in the file, whoever wrote them last first."""
    waiting, seen = [next(iter(commits))], set[str]()
    while waiting:
        commit = waiting.pop(0)
        if commit in seen:
            continue
        seen.add(commit)
        here = commits[commit]
        if len(here.parents) < 2:
            yield here.edit
            continue
        blob = _held(folder, commit, name)
        same = [one for one in here.parents if _held(folder, one, name) == blob]
        if len(same) < len(here.parents):
            yield here.edit
        waiting += [one for one in same or here.parents if one in commits]


def _held(folder: Path, commit: str, name: str) -> str:
    return _git(folder, "ls-tree", "-z", commit, "--", name)


def _owned(folder: Path) -> tuple[str, ...]:
    """That the checkout around a folder may be read, where who owns the folder owns the checkout; for one call."""
    for top in (folder, *folder.parents):
        try:
            owners = {one.lstat().st_uid for one in (folder, top, top / ".git")}
        except OSError:
            continue  # most have no .git
        return ("-c", f"safe.directory={top}") if len(owners) == 1 else ()
    return ()


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *_SAFE, *_owned(folder), *arguments],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, **_ENVIRONMENT},
        )
    except FileNotFoundError:
        raise _GitSays("Git is not installed where the files are loaded") from None
    except (OSError, subprocess.TimeoutExpired):
        raise _GitSays("Git did not answer") from None
    if done.returncode == 0:
        return done.stdout.decode(errors="replace")
    said = done.stderr.decode(errors="replace")
    if "dubious ownership" in said:
        raise _GitSays("its checkout belongs to another user than its folder (see Git's safe.directory)")
    raise _GitSays("its file stands in no Git checkout")
