"""A git repository on disk, asked as GitHub's API asks: refs, commits, files.

Names and revisions come from requests, so they are checked before git sees them and never look like an option.
"""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path

import anyio

from daytwo_standins.shared.checkout import git_environment
from daytwo_standins.shared.refs import Kind, git_folder, list_refs, read_ref

_SHA = re.compile(r"[0-9a-f]{7,40}")
NO_DATE = "2026-01-01T00:00:00Z"
_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Author or committer of a commit; ``date`` in RFC 3339."""

    name: str
    email: str
    date: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit as git shows it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file or folder at some commit; ``kind`` is blob, tree or commit (a submodule)."""

    path: str
    kind: str
    sha: str
    size: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Ref:
    """A branch or tag: ``full`` name, the object it names and the commit behind that."""

    full: str
    object_sha: str
    commit_sha: str

    @property
    def name(self) -> str:
        """The short name."""
        return self.full.split("/", 2)[2]


class GitRepository:
    """One repository; commits never change, so they are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = git_folder(path)
        self._peeled: dict[str, str] = {}
        self._files: dict[tuple[str, str], bytes | None] = {}

    async def find(self, name: str) -> Ref | None:
        """A branch or tag by its short or full name; branches win."""
        for kind, short in _spellings(name):
            sha = read_ref(self._folder, kind, short)
            if sha:
                return Ref(full=f"refs/{kind}/{short}", object_sha=sha, commit_sha=await self._peel(sha))
        return None

    async def refs(self, prefix: str) -> list[Ref]:
        """All refs below ``prefix``, as ``refs/heads/``."""
        found = list_refs(self._folder, prefix)
        return [Ref(full=n, object_sha=sha, commit_sha=await self._peel(sha)) for n, sha in found.items()]

    async def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or (part of a) commit id means."""
        ref = await self.find(revision)
        if ref:
            return ref.commit_sha
        if not _SHA.fullmatch(revision):
            return None
        said = await self._git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return said.decode().strip() if said else None

    async def commit(self, sha: str) -> Commit:
        """A commit by its full id."""
        said = await self._git("show", "--no-patch", f"--format={_FORMAT}", sha)
        if said is None:
            raise FileNotFoundError(f"{self.path} has no commit {sha}")
        f = said.decode(errors="replace").split("\0")
        author, committer = Person(name=f[3], email=f[4], date=f[5]), Person(name=f[6], email=f[7], date=f[8])
        parents = tuple(f[2].split())
        return Commit(sha=f[0], tree=f[1], parents=parents, author=author, committer=committer, message=f[9].strip())

    async def read(self, commit: str, path: str) -> bytes | None:
        """The bytes of a file at a commit, or None."""
        key = (commit, path)
        if key not in self._files:
            self._files[key] = await self._git("cat-file", "blob", f"{commit}:{path}")
        return self._files[key]

    async def entries(self, commit: str, path: str) -> list[Entry]:
        """What stands at a path: the entries of a folder, or the one entry of a file; empty when there is nothing."""
        clean = path.strip("/")
        own = await self._list(commit, clean) if clean else []
        if clean and (not own or own[0].kind != "tree"):
            return own
        return await self._list(commit, f"{clean}/" if clean else "")

    async def entry(self, commit: str, path: str) -> Entry | None:
        """One file or folder itself."""
        found = await self._list(commit, path.strip("/"))
        return found[0] if found else None

    async def changed(self, commit: str, path: str) -> tuple[str, str]:
        """When a file was first and last changed, as seen from a commit, in RFC 3339."""
        said = await self._git("log", "--format=%cI", commit, "--", path)
        dates = said.decode().split() if said else []
        return (dates[-1], dates[0]) if dates else (NO_DATE, NO_DATE)

    async def _list(self, commit: str, path: str) -> list[Entry]:
        said = await self._git("--literal-pathspecs", "ls-tree", "-z", "-l", commit, *(["--", path] if path else []))
        found = []
        for line in (said or b"").decode(errors="replace").split("\0"):
            facts, _, name = line.partition("\t")
            if name:
                _, kind, sha, size = facts.split()
                found.append(Entry(path=name, kind=kind, sha=sha, size=int(size) if size.isdigit() else 0))
        return found

    async def _peel(self, sha: str) -> str:
        if sha not in self._peeled:
            said = await self._git("rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}")
            self._peeled[sha] = said.decode().strip() if said else sha
        return self._peeled[sha]

    async def _git(self, *arguments: str) -> bytes | None:
        done = await anyio.run_process(
            ["git", f"--git-dir={self._folder}", *arguments], check=False, env=_environment(os.environ)
        )
        return done.stdout if done.returncode == 0 else None


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    return git_environment(ours.get("PATH", os.defpath))


def _spellings(name: str) -> list[tuple[Kind, str]]:
    if name.startswith("refs/heads/"):
        return [("heads", name.removeprefix("refs/heads/"))]
    if name.startswith("refs/tags/"):
        return [("tags", name.removeprefix("refs/tags/"))]
    return [("heads", name), ("tags", name)] if name else []
