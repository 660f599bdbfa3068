"""From a request to a pipeline: what is asked, checked against the configuration at its commit.

A refusal is an ``ApiError`` with 400 and nothing is stored: https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline
"""

import dataclasses
import hashlib
import time
from typing import Any

from daytwo_standins.gitlab.ci_file import CiFile, CiFileInvalidError, has_jobs, parse_ci_file
from daytwo_standins.gitlab.config import Config, Executor, Project
from daytwo_standins.gitlab.inputs import MOST_INPUTS, accept
from daytwo_standins.gitlab.ledger import Accepted
from daytwo_standins.gitlab.listing import Lister, ListingRefused
from daytwo_standins.gitlab.problems import not_created
from daytwo_standins.gitlab.records import Blueprint
from daytwo_standins.gitlab.rules import ExpressionInvalidError, wanted
from daytwo_standins.gitlab.variables import of_pipeline
from daytwo_standins.shared.answers import Effects
from daytwo_standins.shared.durable_lines import monotonic
from daytwo_standins.shared.git import GitRepository, Ref


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What was asked for; ``raw`` is the body as it came."""

    project: Project
    ref: str
    source: str
    actor: str
    raw: bytes = b""
    inputs: dict[str, Any] = dataclasses.field(default_factory=dict)
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    file_variables: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A pipeline that may be accepted; ``expanded`` is the configuration that its jobs are run from."""

    accepted: Accepted
    blueprint: Blueprint
    expanded: str


class Creator:
    """Checks wishes and turns them into drafts."""

    def __init__(self, *, config: Config, gits: dict[str, GitRepository], lister: Lister, url: str) -> None:
        self._config = config
        self._gits = gits
        self._lister = lister
        self._url = url
        self._files: dict[tuple[str, str, str], CiFile | CiFileInvalidError | None] = {}

    async def draft(self, wish: Wish, *, run_id: int, iid: int, effects: Effects, executor: Executor | None) -> Draft:
        """A pipeline as it would be accepted now.

        Raises:
            ApiError: 400, in GitLab's words; nothing was stored.
        """
        ref = await self._gits[wish.project.full_path].find(wish.ref)
        if ref is None:
            raise not_created("Reference not found")
        path = wish.project.ci_config_path
        file = await self._file(wish.project.full_path, ref.commit_sha, path)
        values, faults = accept(file.inputs, wish.inputs)
        if len(wish.inputs) > MOST_INPUTS:
            faults = [f"There are {len(wish.inputs)} inputs, and {MOST_INPUTS} at most can be given"]
        if faults:
            raise not_created(*faults)
        accepted = self._accepted(wish, ref, values, run_id=run_id, iid=iid, effects=effects, executor=executor)
        return await self._complete(accepted, wish.project, file)

    async def child(self, parent: Accepted, project: Project, told: Accepted, files: tuple[str, ...]) -> Draft:
        """The pipeline that a bridge starts from other files of the same commit.

        Raises:
            ApiError: its configuration is refused.
        """
        if len(files) != 1:
            raise not_created("The stand-in starts child pipelines from exactly one local file")
        file = await self._file(project.full_path, parent.head_sha, files[0])
        values, faults = accept(file.inputs, told.inputs)
        if faults:
            raise not_created(*faults)
        return await self._complete(dataclasses.replace(told, values=values), project, file)

    async def _complete(self, accepted: Accepted, project: Project, file: CiFile) -> Draft:
        try:
            data = file.filled(accepted.values)
            told = of_pipeline(dataclasses.replace(accepted, title=""), project, self._url)
            title = file.name(accepted.values, told)
            if not wanted(data.get("workflow") or {}, told):
                raise not_created("Pipeline filtered out by workflow rules.")
        except (CiFileInvalidError, ExpressionInvalidError) as error:
            raise not_created(str(error)) from error
        accepted = dataclasses.replace(accepted, title=title)
        if not has_jobs(data):
            raise not_created("jobs config should contain at least one visible job")
        if accepted.executor is not Executor.GITLAB_CI_LOCAL:
            return Draft(accepted=accepted, blueprint=Blueprint(stages=("test",), jobs=()), expanded="")
        try:
            blueprint, expanded = await self._lister.ask(accepted, project)
        except ListingRefused as error:
            raise not_created(str(error)) from error
        if not blueprint.jobs:
            raise not_created(
                "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being "
                "added to the pipeline."
            )
        return Draft(accepted=accepted, blueprint=blueprint, expanded=expanded)

    def _accepted(
        self,
        wish: Wish,
        ref: Ref,
        values: dict[str, Any],
        *,
        run_id: int,
        iid: int,
        effects: Effects,
        executor: Executor | None,
    ) -> Accepted:
        return Accepted(
            run_id=run_id,
            iid=iid,
            repository=wish.project.full_path,
            source=wish.source,
            config_path=wish.project.ci_config_path,
            ref=ref.name,
            tag=ref.full.startswith("refs/tags/"),
            head_sha=ref.commit_sha,
            inputs=wish.inputs,
            values=values,
            variables=wish.variables,
            file_variables=wish.file_variables,
            title="",
            body_sha256=hashlib.sha256(wish.raw).hexdigest(),
            actor=wish.actor,
            executor=executor or wish.project.executor,
            effects=effects,
            received_at=time.time(),
            received_monotonic=monotonic(),
        )

    async def _file(self, project: str, commit: str, path: str) -> CiFile:
        key = (project, commit, path)
        if key not in self._files:
            content = await self._gits[project].read(commit, path)
            try:
                self._files[key] = None if content is None else parse_ci_file(content)
            except CiFileInvalidError as error:
                self._files[key] = error
        found = self._files[key]
        if found is None:
            raise not_created("Missing CI config file")
        if isinstance(found, CiFileInvalidError):
            raise not_created(str(found))
        return found
