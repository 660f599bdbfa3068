"""The state of pipelines: many of a project in one request, others one by one."""

import asyncio
from collections.abc import Sequence
from typing import Final

from daytwo_actions.backends.base import ExternalGone, ExternalState, Target
from daytwo_actions.backends.gitlab.resolving import Resolving
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.pipelines import Pipelines, VendorPipeline, state_of
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.wire.answer import Answer, next_page
from daytwo_store.ids import ExternalRunId

_MOST_LISTINGS: Final = 3  # pages of those that changed last; others are read one by one

_States = dict[str, ExternalState]


class Following:
    def __init__(self, reading: Reading, resolving: Resolving) -> None:
        self._reading = reading
        self._resolving = resolving

    async def read(self, wanted: Sequence[tuple[Target, ExternalRunId]]) -> list[ExternalState | None]:
        """The state of each pipeline in the order asked, None for one that is gone.

        Raises `BackendUnreachable`, `BackendDenied`: then nothing is known of any of them.
        """
        by_project: dict[str, set[str]] = {}
        for target, run in wanted:
            by_project.setdefault(target.project, set()).add(run)
        found = await asyncio.gather(*(self._of_project(project, ids) for project, ids in by_project.items()))
        states = dict(zip(by_project, found, strict=True))
        return [states[target.project].get(run) for target, run in wanted]

    async def _of_project(self, project: str, ids: set[str]) -> _States:
        found: _States = {}
        page = 1
        # A listing of a hundred is one request, and so is a single pipeline, which tells more.
        while len(ids - found.keys()) > 1 and page <= _MOST_LISTINGS:
            listed, more = await self._listing(project, page)
            found |= {run: state for run, state in listed.items() if run in ids}
            page = page + 1 if more else _MOST_LISTINGS + 1
        missing = sorted(ids - found.keys())
        singles = await asyncio.gather(*(self._single(project, run) for run in missing))
        return found | {run: state for run, state in zip(missing, singles, strict=True) if state is not None}

    async def _listing(self, project: str, page: int) -> tuple[_States, bool]:
        def parse(answer: Answer) -> tuple[_States, bool]:
            listed = Pipelines.validate_json(answer.body)
            return {str(one.id): state_of(one) for one in listed}, next_page(answer) is not None

        # Those that changed last come first: a pipeline that is followed changes, however long ago it was created.
        parameters = {"order_by": "updated_at", "sort": "desc", "per_page": "100", "page": str(page)}
        found = await self._reading.find(
            "pipelines.list", f"the pipelines of {project}", f"{names.project(project)}/pipelines", parse, parameters
        )
        return found if found is not None else ({}, False)

    async def _single(self, project: str, run: str) -> ExternalState | None:
        state = await self._reading.find(
            "pipeline.read",
            f"the pipeline {run} of {project}",
            names.pipeline(names.project(project), run),
            lambda answer: state_of(VendorPipeline.model_validate_json(answer.body)),
        )
        if state is None:
            await self._resolving.project(project)
        return state

    async def gone(self, project: str, run: str) -> ExternalGone:
        """The error for a pipeline that is not there. Raises `BackendDenied` when it is the project."""
        await self._resolving.project(project)
        return ExternalGone(f"GitLab has no pipeline {run} in {project} any more: it was deleted there.")
