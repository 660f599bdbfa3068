"""What a repository offers to be started: its workflows, and the inputs of one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.options import Options
from daytwo_actions.backends.github.resolving import Resolving, content_of
from daytwo_actions.backends.github.wire import names
from daytwo_actions.backends.github.wire.inputs import read_workflow, why_not
from daytwo_actions.backends.github.wire.refs import File, Workflow, Workflows
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.pipelines import InputType, PipelineInfo, PipelineInput, PipelineInputs
from daytwo_actions.backends.wire.answer import Answer, next_page

_FOLDER: Final = ".github/workflows/"
_ASLEEP: Final = {
    "disabled_manually": "Somebody disabled it in GitHub; enable it there.",
    "disabled_inactivity": "GitHub disabled it, because nothing had happened for long; enable it there.",
    "disabled_fork": "It is disabled because this is a fork; enable it in GitHub.",
    "deleted": "Its file was deleted.",
}
_MOST_PAGES: Final = 5  # of a hundred workflows each
_KEPT: Final = 256


class Describing:
    def __init__(self, reading: Reading, resolving: Resolving, options: Options, *, max_inputs: int) -> None:
        self._reading = reading
        self._resolving = resolving
        self._options = options
        self._max_inputs = max_inputs
        self._known: Recent[PipelineInputs] = Recent(_KEPT)  # by repository, file and commit, which never change

    async def parameters(self, target: Target) -> PipelineInputs:
        """Raises `BackendUnreachable`, `BackendDenied`."""
        names.workflow_file_name(target.pipeline)
        if not target.ref:
            target = replace(target, ref=(await self._resolving.repository(target.project)).default_branch)
        commit, _ = await asyncio.gather(self._resolving.commit(target), self._resolving.workflow(target))
        key = (target.project, target.pipeline, commit)
        found = self._known.get(key)
        if found is None:
            content = await self._resolving.content(target, commit)
            path = f"{_FOLDER}{target.pipeline}"
            found = await asyncio.to_thread(read_workflow, content, path, max_inputs=self._max_inputs)
            self._known.put(key, found)
        return replace(found, ref=target.ref, inputs=await self._with_environments(target.project, found.inputs))

    async def _with_environments(self, project: str, inputs: Sequence[PipelineInput]) -> Sequence[PipelineInput]:
        """What an input of the type `environment` offers is said by the repository, and not by the file."""
        if all(one.type is not InputType.ENVIRONMENT for one in inputs):
            return inputs
        try:
            known = await self._options.everything(project, "environments") or ()
        except BackendDenied:
            known = ()  # the credential may not see them
        return [replace(one, options=known) if one.type is InputType.ENVIRONMENT else one for one in inputs]

    async def pipelines(self, project: str, ref: str | None) -> Sequence[PipelineInfo]:
        """Every workflow of the default branch, as its file is there, or at `ref`.

        Raises `BackendUnreachable`, `BackendDenied`.
        """
        if ref is not None:
            names.ref_places(ref)
        found = await self._listed(project)
        return await asyncio.gather(*(self._described(project, one, ref) for one in found))

    async def _listed(self, project: str) -> list[Workflow]:
        def parse(answer: Answer) -> tuple[tuple[Workflow, ...], bool]:
            return Workflows.model_validate_json(answer.body).workflows, next_page(answer) is not None

        found: list[Workflow] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = await self._reading.find(
                "workflows.list",
                f"the workflows of {project}",
                f"{names.repository(project)}/actions/workflows",
                parse,
                {"per_page": "100", "page": str(page)},
            )
            if answer is None:
                raise BackendDenied(
                    f"The repository {project} does not exist or cannot be seen with this credential; nothing was "
                    "listed. Correct its name, or give the connection access to it."
                )
            found += answer[0]
            if not answer[1]:
                break
        return found

    async def _described(self, project: str, workflow: Workflow, ref: str | None) -> PipelineInfo:
        file = workflow.path.removeprefix(_FOLDER)
        return PipelineInfo(
            pipeline=file,
            title=workflow.name or file,
            why_not=await self._why_not(project, workflow, file, ref),
            url=workflow.html_url,
        )

    async def _why_not(self, project: str, workflow: Workflow, file: str, ref: str | None) -> str | None:
        if workflow.state != "active":
            return _ASLEEP.get(workflow.state, f"It is {workflow.state} in GitHub.")
        try:
            names.workflow_file_name(file)
        except BackendDenied:
            return f"It is not a file of {_FOLDER.rstrip('/')}, but something of GitHub's own."
        found = await self._reading.find(
            "workflow.offered",
            f"the file {workflow.path} of {project}",
            f"{names.repository(project)}/contents/{_FOLDER}{names.in_path(file)}",
            _offered,
            {} if ref is None else {"ref": ref},
        )
        return f"Its file is not there at {ref or 'the default branch'}." if found is None else found[0]


def _offered(answer: Answer) -> tuple[str | None]:
    content = content_of(File.model_validate_json(answer.body))
    return ("GitHub does not give its file: it has more than 1 MB." if content is None else why_not(content),)
