"""The state of pipelines: many of a project in one request, others one by one."""

from collections.abc import Sequence

from daytwo_actions.backends import many
from daytwo_actions.backends.base import ExternalState, Target
from daytwo_actions.backends.failures import ExternalGone
from daytwo_actions.backends.gitlab.resolving import Resolving
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.pipelines import Pipelines, VendorPipeline, state_of
from daytwo_actions.backends.gitlab.wire.status import UNDER_WAY
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.wire.answer import Answer, next_page
from daytwo_store.ids import ExternalRunId


class Following:
    def __init__(self, reading: Reading, resolving: Resolving) -> None:
        self._reading = reading
        self._resolving = resolving
        self._many = many.Many(self._listing, self._single, under_way=UNDER_WAY)

    async def read(self, wanted: Sequence[tuple[Target, ExternalRunId]]) -> list[ExternalState | None]:
        """The state of each pipeline in the order asked, None for one that is gone.

        Raises `BackendUnreachable`, `BackendDenied`: then nothing is known of any of them.
        """
        return await many.states(wanted, self._many.of_project)

    async def _listing(self, project: str, page: int, status: str | None) -> tuple[many.States, bool]:
        def parse(answer: Answer) -> tuple[many.States, bool]:
            listed = Pipelines.validate_json(answer.body)
            return {str(one.id): state_of(one) for one in listed}, next_page(answer) is not None

        # Those that changed last come first: many that are followed change, however long ago they were created.
        parameters = {"order_by": "updated_at", "sort": "desc", "per_page": str(many.PER_PAGE), "page": str(page)}
        parameters |= {} if status is None else {"status": status}
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
