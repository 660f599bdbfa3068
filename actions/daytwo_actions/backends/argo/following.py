"""The state of runs and what they consist of. One listing serves many runs of a namespace."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.argo.finding import Finding
from daytwo_actions.backends.argo.sender import TooLarge
from daytwo_actions.backends.argo.wire import names
from daytwo_actions.backends.argo.wire.names import RunName
from daytwo_actions.backends.argo.wire.nodes import tree_of
from daytwo_actions.backends.argo.wire.objects import LABEL_RUN, WorkflowList
from daytwo_actions.backends.argo.wire.results import artifacts_of, outputs_of
from daytwo_actions.backends.argo.wire.runs import state_of
from daytwo_actions.backends.base import ExternalState, Target
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.tree import Artifact, JobTree
from daytwo_store.ids import ExternalRunId

_PER_LISTING: Final = 50
_AT_ONCE: Final = 4  # requests of one read
_WITHOUT_NODES: Final = (
    "metadata,items.metadata,items.spec.suspend,items.spec.shutdown,items.status.phase,items.status.message,"
    "items.status.startedAt,items.status.finishedAt"
)
_FIELDS: Final = f"{_WITHOUT_NODES},items.status.nodes"  # nodes, because a suspended one is what a run waits for

_States = dict[ExternalRunId, ExternalState]


class Following:
    def __init__(self, reading: Reading, finding: Finding, *, page: str) -> None:
        self._reading = reading
        self._finding = finding
        self._page = page
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def read(self, wanted: Sequence[tuple[Target, ExternalRunId]]) -> list[ExternalState | None]:
        """The state of each run in the order asked, None for one that is gone.

        Raises `BackendUnreachable`, `BackendDenied`: then nothing is known of any of them.
        """
        by_project: dict[str, dict[ExternalRunId, RunName]] = {}
        for target, run in wanted:
            by_project.setdefault(target.project, {})[run] = names.run(run)
        found = await asyncio.gather(*(self._of_project(project, runs) for project, runs in by_project.items()))
        states = dict(zip(by_project, found, strict=True))
        return [states[target.project].get(run) for target, run in wanted]

    async def _of_project(self, project: str, runs: Mapping[ExternalRunId, RunName]) -> _States:
        labelled = {run.corr: (asked, run) for asked, run in runs.items() if run.corr is not None}
        found: _States = {}
        if len(labelled) > 1:
            corrs = sorted(labelled)
            parts = [corrs[start : start + _PER_LISTING] for start in range(0, len(corrs), _PER_LISTING)]
            for listed in await asyncio.gather(*(self._listed(project, part) for part in parts)):
                found |= _those_of(listed, labelled.values(), self._page)
        missing = [asked for asked in runs if asked not in found]
        singles = await asyncio.gather(*(self._single(project, runs[asked]) for asked in missing))
        return found | {asked: state for asked, state in zip(missing, singles, strict=True) if state is not None}

    async def _listed(self, project: str, corrs: Sequence[str]) -> WorkflowList:
        """Workflows with one of these markers; without their nodes when they are too large together."""
        parameters = {"listOptions.labelSelector": f"{LABEL_RUN} in ({','.join(corrs)})", "fields": _FIELDS}
        async with self._at_once:
            result = await self._reading.ask("workflows.list", names.workflows(project), parameters)
            if isinstance(result, TooLarge):
                parameters["fields"] = _WITHOUT_NODES
                result = await self._reading.ask("workflows.list", names.workflows(project), parameters)
        what = f"the workflows of {project}"
        return self._reading.parsed(result, what, lambda answer: WorkflowList.model_validate_json(answer.body))

    async def _single(self, project: str, run: RunName) -> ExternalState | None:
        async with self._at_once:
            found = await self._finding.find(project, run)
        return state_of(found, page=self._page) if found is not None else None

    async def jobs(self, project: str, run: ExternalRunId) -> JobTree:
        """Raises `ExternalGone` and what a read raises."""
        return tree_of(await self._finding.workflow(project, names.run(run)), page=self._page)

    async def outputs(self, project: str, run: ExternalRunId) -> Mapping[str, JsonValue] | None:
        return outputs_of(await self._finding.workflow(project, names.run(run)))

    async def artifacts(self, project: str, run: ExternalRunId) -> list[Artifact]:
        return artifacts_of(await self._finding.workflow(project, names.run(run)), page=self._page)


def _those_of(listed: WorkflowList, wanted: Iterable[tuple[ExternalRunId, RunName]], page: str) -> _States:
    """A copy that somebody made of a workflow carries the marker too, under another name."""
    named = {one.metadata.name: one for one in listed.items}
    return {
        asked: state_of(named[run.name], page=page)
        for asked, run in wanted
        if run.name in named and run.fits(named[run.name].metadata.uid)
    }
