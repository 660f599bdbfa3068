"""What a target is right now: the commit of its ref, and what the workflow file is at that commit.

One request when the commit is the one of last time: everything else is kept by commit, and a commit never changes.
"""

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from daytwo_actions.backends.base import Pinned, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.wire import names
from daytwo_actions.backends.github.wire.refs import AnnotatedTag, File, GitObject, Ref, Repository, Workflow
from daytwo_actions.backends.github.wire.workflow_file import Facts, read_facts
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_store.ids import Digest

_KEPT: Final = 512
_DEEPEST_TAG: Final = 5  # a tag may point at a tag


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What belongs to (repository, workflow file, commit)."""

    project_id: str
    pipeline_id: str
    digest: Digest
    file: Facts


class Resolving:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._facts: Recent[_Known] = Recent(_KEPT)
        self._places: Recent[str] = Recent(_KEPT)  # (project, ref) → "heads/main", to ask there first
        self._tags: Recent[GitObject] = Recent(_KEPT)  # annotated tags, which never change either

    async def resolve(self, target: Target) -> Pinned:
        """Raises `BackendUnreachable`, `BackendDenied`."""
        names.workflow_file_name(target.pipeline)
        commit = await self.commit(target)
        key = (target.project, target.pipeline, commit)
        facts = self._facts.get(key)
        if facts is None:
            facts = await self._look_up(target, commit)
            self._facts.put(key, facts)
        return Pinned(
            target=target,
            project_id=facts.project_id,
            pipeline_id=facts.pipeline_id,
            commit=commit,
            pipeline_digest=facts.digest,
            marked=facts.file.marked,
            by_name=facts.file.by_name,
            fenced=facts.file.fenced,
            loose=facts.file.loose,
        )

    async def commit(self, target: Target) -> str:
        """What its ref points at. Raises `BackendUnreachable`, `BackendDenied`."""
        known = (target.project, target.ref)
        places = names.ref_places(target.ref)
        first = self._places.get(known)
        for place in sorted(places, key=lambda place: place != first):
            found = await self._reading.find(
                "git.ref",
                f"the ref {place} of {target.project}",
                f"{names.repository(target.project)}/git/ref/{names.in_path(place)}",
                lambda answer: Ref.model_validate_json(answer.body),
            )
            if found is not None and found.ref == f"refs/{place}":
                self._places.put(known, place)
                return await self._peel(target.project, found.object)
        raise BackendDenied(
            f"{target.project} has no branch or tag {target.ref!r}, or it cannot be seen with this credential. "
            "Nothing was sent; correct the ref, or give the connection access to the repository."
        )

    async def _peel(self, project: str, pointed: GitObject) -> str:
        """The commit behind an annotated tag."""
        for _ in range(_DEEPEST_TAG):
            if pointed.type != "tag":
                break
            behind = self._tags.get((project, pointed.sha))
            if behind is None:
                tag = await self._reading.get(
                    "git.tag",
                    f"the tag {pointed.sha} of {project}",
                    f"{names.repository(project)}/git/tags/{pointed.sha}",
                    lambda answer: AnnotatedTag.model_validate_json(answer.body),
                )
                behind = tag.object
                self._tags.put((project, pointed.sha), behind)
            pointed = behind
        if pointed.type != "commit":
            raise BackendDenied(f"The ref of {project} leads to a {pointed.type}, not to a commit. Nothing was sent.")
        return pointed.sha

    async def _look_up(self, target: Target, commit: str) -> _Known:
        repository, workflow, content = await asyncio.gather(
            self.repository(target.project), self.workflow(target), self.content(target, commit)
        )
        return _Known(
            project_id=str(repository.id),
            pipeline_id=str(workflow.id),
            digest=Digest(hashlib.sha256(content).hexdigest()),
            file=await asyncio.to_thread(read_facts, content),
        )

    async def repository(self, project: str) -> Repository:
        """Its identity. Raises `BackendUnreachable`, `BackendDenied`."""
        return await self._reading.get(
            "repository",
            f"the repository {project}",
            names.repository(project),
            lambda answer: Repository.model_validate_json(answer.body),
        )

    async def workflow(self, target: Target) -> Workflow:
        """It is there and enabled. Raises `BackendUnreachable`, `BackendDenied`."""
        what = f"the workflow {target.pipeline} of {target.project} (it has to be on the default branch)"
        workflow = await self._reading.get(
            "workflow", what, names.workflow(target), lambda answer: Workflow.model_validate_json(answer.body)
        )
        if workflow.state != "active":
            raise BackendDenied(
                f"The workflow {target.pipeline} of {target.project} is {workflow.state} in GitHub, so it cannot be "
                "started. Nothing was sent; enable it there."
            )
        return workflow

    async def content(self, target: Target, commit: str) -> bytes:
        """Its file. Raises `BackendUnreachable`, `BackendDenied`."""
        what = f"the file .github/workflows/{target.pipeline} of {target.project} at {commit[:12]}"
        file = await self._reading.get(
            "contents",
            what,
            f"{names.repository(target.project)}/contents/.github/workflows/{names.in_path(target.pipeline)}",
            lambda answer: File.model_validate_json(answer.body),
            {"ref": commit},
        )
        content = content_of(file)
        if content is None:
            raise BackendDenied(f"GitHub does not give {what} as a file of at most 1 MB. Nothing was sent.")
        return content


def content_of(file: File) -> bytes | None:
    """None for a folder, a link, or a file that is too large for this way."""
    try:
        return base64.b64decode(file.content) if (file.type, file.encoding) == ("file", "base64") else None
    except binascii.Error:
        return None
