"""What a pipeline's file brings in, followed through its includes, and what of that is held by what was read.

A file of another project is read anew each time, so that a change of it between plan and send is noticed, as one of the
ref is. What this API does not give (remote files, templates, versions of a catalog, pipelines elsewhere) is named.
"""

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.files import DEFAULT, Files, Place
from daytwo_actions.backends.gitlab.wire.includes import Included, Outside, included_in
from daytwo_actions.backends.http.recent import Recent

_MOST: Final = 20  # files that are looked into
_KEPT: Final = 512
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """`held`: files of other projects with the SHA-256 of what they hold. `loose`: what nobody here could read."""

    held: tuple[str, ...]
    loose: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    place: Place
    paths: tuple[str, ...]  # the first that is there counts
    named: bool = False  # by an include, so that it is told when it cannot be read


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What counts of a file."""

    words: str  # "ci.yml", "deploy.yml of acme/ci at main"
    place: Place  # at the commit that it was read at
    digest: str
    included: Included


class Including:
    def __init__(self, files: Files, *, hosts: Collection[str]) -> None:
        self._files = files
        self._hosts = hosts
        self._known: Recent[_Read | None] = Recent(_KEPT)  # of files at a commit, which never change

    async def around(self, place: Place, path: str) -> Around:
        """Everything around the file there. Raises `BackendUnreachable`."""
        held: list[str] = []
        loose: list[str] = []
        waiting, seen = deque([_Wanted(place=place, paths=(path,))]), set[_Wanted]()
        while waiting:
            one = waiting.popleft()
            if one in seen:
                continue
            seen.add(one)
            if len(seen) > _MOST:
                loose.append(f"what {_words(one.place, one.paths[0])} includes in turn")
                continue
            read = await self._read(one)
            if read is None:  # GitLab will say so itself and start nothing, or it may read what we may not
                loose += [f"{_words(one.place, one.paths[0])}, which this credential cannot read"] if one.named else []
                continue
            held += [f"{read.words}, sha256 {read.digest}"] if read.place.elsewhere else []
            loose += read.included.loose
            waiting += (_Wanted(place=read.place, paths=(local,)) for local in read.included.local)
            waiting += map(_wanted, read.included.outside)
        return Around(held=tuple(dict.fromkeys(held)), loose=tuple(dict.fromkeys(loose)))

    async def _read(self, wanted: _Wanted) -> _Read | None:
        """None when none of its paths is there, or can be seen."""
        kept = (wanted.place, wanted.paths)
        if kept in self._known:
            return self._known.get(kept)
        read = None
        for path in wanted.paths:
            read = read or await self._at(wanted.place, path)
        if _COMMIT.fullmatch(wanted.place.ref):
            self._known.put(kept, read)
        return read

    async def _at(self, place: Place, path: str) -> _Read | None:
        try:
            found = await self._files.read(place, path)
        except BackendDenied:
            return None
        return _Read(
            words=_words(place, path),
            place=replace(place, ref=found.commit or place.ref),
            digest=hashlib.sha256(found.content).hexdigest(),
            included=await asyncio.to_thread(included_in, found.content, hosts=self._hosts),
        )


def _wanted(outside: Outside) -> _Wanted:
    place = Place(project=outside.project, ref=outside.ref or DEFAULT, elsewhere=outside.where)
    return _Wanted(place=place, paths=outside.paths, named=True)


def _words(place: Place, path: str) -> str:
    return f"{path} of {place.elsewhere}" if place.elsewhere else path
