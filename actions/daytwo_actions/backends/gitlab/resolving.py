"""What a target is right now: the commit of its ref, and what the pipeline's file is at that commit.

One request when the commit is the one of last time, and one for each file that it takes from other projects: everything
else is kept by commit, and a commit never changes.
"""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from daytwo_actions.backends.base import Pinned, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.files import Files, place_of
from daytwo_actions.backends.gitlab.including import Around, Including
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.inputs import MARKER_INPUT, declared_in, read_pipeline
from daytwo_actions.backends.gitlab.wire.refs import Commit, Project
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.pipelines import PipelineInfo, PipelineInputs
from daytwo_actions.backends.remarks import Code
from daytwo_actions.backends.wire.outcome import web_link
from daytwo_store.ids import Digest

USUAL: Final = ".gitlab-ci.yml"
_KEPT: Final = 512
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """A pipeline's file at a commit."""

    project: Project
    file: str
    content: bytes
    read: PipelineInputs
    declared: tuple[str, ...]


class Resolving:
    def __init__(self, reading: Reading, *, host: str, max_inputs: int) -> None:
        self._reading = reading
        self._max_inputs = max_inputs
        self._files = Files(reading)
        self._including = Including(self._files, hosts={host})
        self._known: Recent[Configuration] = Recent(_KEPT)

    async def resolve(self, target: Target) -> Pinned:
        """Raises `BackendUnreachable`, `BackendDenied`."""
        commit, found = await self.configuration(target)
        around = await self._around(target, commit, found)
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
            held=around.held,
            loose=around.loose,
        )

    async def configuration(self, target: Target) -> tuple[str, Configuration]:
        """The commit of the target's ref, and the pipeline there. Raises like `resolve`."""
        names.no_pipeline(target.pipeline)
        commit = await self._commit(target)
        key = (target.project, commit)
        found = self._known.get(key)
        if found is None:
            found = await self._look_up(target, commit)
            if not place_of(target.project, found.file, commit)[
                0
            ].elsewhere:  # what is in another project changes without this commit
                self._known.put(key, found)
        return commit, found

    async def _around(self, target: Target, commit: str, found: Configuration) -> Around:
        place, path = place_of(target.project, found.file, commit)
        return await self._including.around(place, path)

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

    async def _content(self, project: str, path: str, commit: str) -> bytes:
        return (await self._files.read(*place_of(project, path, commit))).content

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
        read = await asyncio.to_thread(read_pipeline, content, path, max_inputs=self._max_inputs)
        declared = await asyncio.to_thread(declared_in, content)
        return Configuration(project=project, file=path, content=content, read=read, declared=declared)

    async def project(self, path: str) -> Project:
        """Raises `BackendDenied` when it cannot be seen: GitLab answers 404 for everything below it then."""
        return await self._reading.get(
            "project",
            f"the project {path}",
            names.project(path),
            lambda answer: Project.model_validate_json(answer.body),
        )
