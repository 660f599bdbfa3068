"""What a target is right now: the commit of its ref, and what the pipeline's file is at that commit.

One request when the commit is the one of last time: everything else is kept by commit, and a commit never changes.
What the project says of itself is asked again after a while, since somebody may switch its pipelines off.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from daytwo_actions.backends.base import BackendDenied, Pinned, Target
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.includes import included_in
from daytwo_actions.backends.gitlab.wire.inputs import MARKER_INPUT, declared_in, read_pipeline
from daytwo_actions.backends.gitlab.wire.refs import Commit, File, Project
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.pipelines import PipelineInfo, PipelineInputs
from daytwo_actions.backends.remarks import Code
from daytwo_actions.backends.wire.outcome import web_link
from daytwo_store.ids import Digest

USUAL: Final = ".gitlab-ci.yml"
_KEPT: Final = 512
_MOST_INCLUDED: Final = 20  # local files that are looked into
_LARGEST: Final = 1_000_000  # bytes of a file
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{7,64}")
_ELSEWHERE: Final = re.compile(r"(?P<file>[^@]+)@(?P<project>[^@:]+)(?::(?P<ref>[^@:]+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """A pipeline's file at a commit."""

    project: Project
    file: str
    content: bytes
    read: PipelineInputs
    declared: tuple[str, ...]
    loose: tuple[str, ...]  # as in `Pinned`


class Resolving:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._known: Recent[Configuration] = Recent(_KEPT)

    async def resolve(self, target: Target) -> Pinned:
        """Raises `BackendUnreachable`, `BackendDenied`."""
        commit, found = await self.configuration(target)
        return Pinned(
            target=target,
            project_id=str(found.project.id),
            pipeline_id=found.file,
            commit=commit,
            pipeline_digest=Digest(hashlib.sha256(found.content).hexdigest()),
            # A marker that goes as a variable is found by the variables of the pipeline, whatever its name shows.
            marked=found.read.marked or MARKER_INPUT not in found.declared,
            fenced=found.read.fenced,
            declared=found.declared,
            loose=found.loose,
        )

    async def configuration(self, target: Target) -> tuple[str, Configuration]:
        """The commit of the target's ref, and the pipeline there. Raises like `resolve`."""
        names.no_pipeline(target.pipeline)
        commit = await self._commit(target)
        key = (target.project, commit)
        found = self._known.get(key)
        if found is None:
            found = await self._look_up(target, commit)
            if _ELSEWHERE.fullmatch(found.file) is None:  # what is in another project changes without this commit
                self._known.put(key, found)
        return commit, found

    async def pipeline(self, project: str, ref: str | None) -> PipelineInfo:
        """The one pipeline of a project, at a ref or at its default branch. Raises like `resolve`."""
        found = await self.project(project)
        page = f"{found.web_url}/-/pipelines" if found.web_url else None
        wanted = ref or found.default_branch
        if wanted is None:
            return PipelineInfo(pipeline="", title=USUAL, why_not="The repository is empty.", url=web_link(page))
        try:
            _, there = await self.configuration(Target(project=project, pipeline="", ref=wanted))
        except BackendDenied as denied:
            return PipelineInfo(
                pipeline="", title=found.ci_config_path or USUAL, why_not=denied.detail, url=web_link(page)
            )
        wrong = next((one.message for one in there.read.remarks if one.code == Code.UNREADABLE), None)
        return PipelineInfo(pipeline="", title=there.file, why_not=wrong, url=web_link(page))

    async def _commit(self, target: Target) -> str:
        place = names.project(target.project)
        found = await self._reading.find(
            "commit",
            f"the commit of {target.ref} in {target.project}",
            names.commit(place, target.ref),
            lambda answer: Commit.model_validate_json(answer.body),
        )
        if found is None:
            await self.project(target.project)
            raise BackendDenied(
                f"{target.project} has no branch or tag {target.ref!r}, or it cannot be seen with this credential. "
                "Nothing was sent; correct the ref, or give the connection access to the repository."
            )
        if _HEXADECIMAL.fullmatch(target.ref) and found.id.startswith(target.ref):
            raise BackendDenied(
                f"{target.ref!r} is a commit, and GitLab starts pipelines for branches and tags only. Nothing was "
                "sent; make a tag of it."
            )
        return found.id

    async def file(self, target: Target, commit: str) -> bytes:
        """The pipeline's file, without what it includes. Raises `BackendUnreachable`, `BackendDenied`."""
        project = await self.project(target.project)
        return await self._content(target.project, project.ci_config_path or USUAL, commit)

    async def _look_up(self, target: Target, commit: str) -> Configuration:
        project = await self.project(target.project)
        if project.archived or project.builds_access_level == "disabled":
            why = "is archived" if project.archived else "has its CI/CD switched off"
            raise BackendDenied(
                f"{target.project} {why} in GitLab, so no pipeline can be started there. Nothing was sent; change that "
                "in the project's settings."
            )
        path = project.ci_config_path or USUAL
        content = await self._content(target.project, path, commit)
        # GitLab's files may be large, and reading one may take a while.
        read = await asyncio.to_thread(read_pipeline, content, path)
        declared = await asyncio.to_thread(declared_in, content)
        loose = await self._loose(target.project, path, commit, content)
        return Configuration(project=project, file=path, content=content, read=read, declared=declared, loose=loose)

    async def _loose(self, project: str, path: str, commit: str, content: bytes) -> tuple[str, ...]:
        """What the file, and the local files that it includes, take from elsewhere."""
        found = await asyncio.to_thread(included_in, content)
        loose, seen, waiting = list(found.loose), {path}, list(found.local)
        if _ELSEWHERE.fullmatch(path):  # its local files are those of the other project
            return tuple(dict.fromkeys([*loose, *(f"{file}, beside {path}" for file in waiting)]))
        while waiting:
            file = waiting.pop(0)
            if file in seen:
                continue
            seen.add(file)
            if len(seen) > _MOST_INCLUDED:
                loose.append(f"what {file} includes in turn")
                continue
            try:
                found = await asyncio.to_thread(included_in, await self._content(project, file, commit))
            except BackendDenied:
                continue  # GitLab will say so itself, and start nothing
            loose += found.loose
            waiting += found.local
        return tuple(dict.fromkeys(loose))

    async def project(self, path: str) -> Project:
        """Raises `BackendDenied` when it cannot be seen: GitLab answers 404 for everything below it then."""
        return await self._reading.get(
            "project",
            f"the project {path}",
            names.project(path),
            lambda answer: Project.model_validate_json(answer.body),
        )

    async def _content(self, project: str, path: str, commit: str) -> bytes:
        if path.startswith(("http://", "https://")):
            raise BackendDenied(
                f"The pipeline of {project} is taken from a web address, where it can change at any time, so it cannot "
                "be approved. Nothing was sent; put the file into a repository (Settings, CI/CD, General pipelines)."
            )
        elsewhere = _ELSEWHERE.fullmatch(path)
        if elsewhere:
            project, path, commit = elsewhere["project"], elsewhere["file"], elsewhere["ref"] or "HEAD"
        what = f"the file {path} of {project} at {commit[:12]}"
        file = await self._reading.find(
            "file",
            what,
            names.file(names.project(project), path),
            lambda answer: File.model_validate_json(answer.body),
            {"ref": commit},
        )
        if file is None:
            raise BackendDenied(
                f"There is no {what}, so no pipeline can be started. Nothing was sent; add the file, or correct "
                "the ref."
            )
        try:
            if file.encoding == "base64" and file.size <= _LARGEST:
                return base64.b64decode(file.content)
        except binascii.Error:
            pass
        raise BackendDenied(f"GitLab does not give {what} as a file of at most 1 MB. Nothing was sent.")
