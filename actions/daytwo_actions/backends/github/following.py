"""The state of runs, their jobs, and cancelling them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from daytwo_actions.backends import many
from daytwo_actions.backends.base import ExternalState, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable, ExternalGone
from daytwo_actions.backends.github.waiting import Waiting
from daytwo_actions.backends.github.wire import names, runs
from daytwo_actions.backends.github.wire.gates import gates_of
from daytwo_actions.backends.github.wire.outcome import GITHUB
from daytwo_actions.backends.github.wire.refs import Repository
from daytwo_actions.backends.github.wire.status import UNDER_WAY
from daytwo_actions.backends.github.writing import Writing
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.tree import WARNING, Job, JobTree
from daytwo_actions.backends.wire.answer import Answer, Silence, next_page
from daytwo_store.ids import ExternalRunId
from daytwo_store.states import ExternalStatus

_MOST_JOB_PAGES: Final = 20
_MOST_NOTED: Final = 20  # failed jobs of a run that are asked about
_MOST_NOTE_PAGES: Final = 3
_KEPT: Final = 1024


class Following:
    def __init__(self, reading: Reading, waiting: Waiting) -> None:
        self._reading = reading
        self._waiting = waiting
        self._many = many.Many(self._listing, self._single, under_way=UNDER_WAY)
        self._kept_notes: Recent[Sequence[str]] = Recent(_KEPT)  # a job that has ended does not change

    async def read(self, wanted: Sequence[tuple[Target, ExternalRunId]]) -> list[ExternalState | None]:
        """The state of each run in the order asked, None for one that is gone.

        Raises `BackendUnreachable`, `BackendDenied`: then nothing is known of any of them.
        """
        return await many.states(wanted, self._of_project)

    async def _of_project(self, project: str, ids: set[str]) -> many.States:
        found = await self._many.of_project(project, ids)
        ours = await asyncio.gather(*(self._first(project, state) for state in found.values()))
        return {state.id: state for state in await self._waiting.described(project, ours)}

    async def _first(self, project: str, latest: ExternalState) -> ExternalState:
        """The state of the attempt that we dispatched. Another one, made by hand in GitHub, is only counted."""
        if latest.attempt == 1:
            return latest
        ours = await self._attempt(project, latest.id, 1)
        if ours is None:
            lost = f"run again in GitHub, as attempt {latest.attempt}, and the first one is not shown any more"
            return replace(latest, status=ExternalStatus.UNKNOWN, detail=lost, waits_for=None, strange=frozenset())
        return replace(ours, attempt=latest.attempt)

    async def _attempt(self, project: str, run: str, number: int) -> ExternalState | None:
        return await self._reading.find(
            "run.attempt",
            f"attempt {number} of run {run} of {project}",
            f"{names.run(project, run)}/attempts/{number}",
            lambda answer: runs.state_of(runs.VendorRun.model_validate_json(answer.body)),
        )

    async def run_again_at(self, project: str, run: str) -> datetime | None:
        """When somebody ran it again in GitHub for the first time; None when nobody did."""
        latest = await self._single(project, run)
        if latest is None:
            raise await self.gone(project, run)
        if latest.attempt == 1:
            return None
        second = await self._reading.find(
            "run.attempt",
            f"attempt 2 of run {run} of {project}",
            f"{names.run(project, run)}/attempts/2",
            lambda answer: runs.VendorRun.model_validate_json(answer.body).run_started_at,
        )
        return second or latest.created_at

    async def _listing(self, project: str, page: int, status: str | None) -> tuple[many.States, bool]:
        def parse(answer: Answer) -> tuple[many.States, bool]:
            listed = runs.RunsPage.model_validate_json(answer.body).workflow_runs
            return {str(run.id): runs.state_of(run) for run in listed}, next_page(answer) is not None

        # No other filters: a run that was re-run by hand is still in it.
        parameters = {"event": "workflow_dispatch", "per_page": str(many.PER_PAGE), "page": str(page)}
        parameters |= {} if status is None else {"status": status}
        found = await self._reading.find(
            "runs.list", f"the runs of {project}", f"{names.repository(project)}/actions/runs", parse, parameters
        )
        return found if found is not None else ({}, False)

    async def _single(self, project: str, run: str) -> ExternalState | None:
        state = await self._reading.find(
            "run.read",
            f"the run {run} of {project}",
            names.run(project, run),
            lambda answer: runs.state_of(runs.VendorRun.model_validate_json(answer.body)),
        )
        if state is None:
            await self.see(project)
        return state

    async def see(self, project: str) -> None:
        """Raise `BackendDenied` when it is the repository that cannot be seen: GitHub answers 404 for both."""
        await self._reading.get(
            "repository",
            f"the repository {project}",
            names.repository(project),
            lambda answer: Repository.model_validate_json(answer.body),
        )

    async def jobs(self, project: str, run: str) -> JobTree:
        """The jobs of the attempt that we dispatched, and after them what they wait for.

        Raises `ExternalGone` and what a read raises.
        """

        def parse(answer: Answer) -> tuple[tuple[runs.VendorJob, ...], bool]:
            return runs.JobsPage.model_validate_json(answer.body).jobs, next_page(answer) is not None

        found: list[runs.VendorJob] = []
        for page in range(1, _MOST_JOB_PAGES + 1):
            parameters = {"per_page": str(many.PER_PAGE), "page": str(page)}
            what, path = f"the jobs of run {run} of {project}", f"{names.run(project, run)}/attempts/1/jobs"
            listed = await self._reading.find("run.jobs", what, path, parse, parameters)
            if listed is None:
                raise await self.gone(project, run)
            found.extend(listed[0])
            if not listed[1]:
                break
        waiting = await self._waiting.pending(project, run) if any(job.waits for job in found) else ()
        gates = gates_of(waiting, runs.page_of(found))
        tree = runs.tree_of(found)
        return replace(tree, jobs=(*await self._noted(project, tree.jobs), *gates))

    async def _noted(self, project: str, jobs: Sequence[Job]) -> Sequence[Job]:
        """With what GitHub notes on those that failed: a request or a few for each of the first, once."""
        failed = [job for job in jobs if job.status is ExternalStatus.FAILED][:_MOST_NOTED]
        notes = dict(
            zip(
                (job.id for job in failed),
                await asyncio.gather(*(self._notes(project, job) for job in failed)),
                strict=True,
            )
        )
        return [replace(job, notes=notes.get(job.id, ())) for job in jobs]

    async def _notes(self, project: str, job: Job) -> Sequence[str]:
        """None where GitHub does not say now: the tree is shown without them."""
        key = (project, job.id)
        known = self._kept_notes.get(key)
        if known is None:
            try:
                known = _told(await self._annotated(project, job.id))
            except (BackendUnreachable, BackendDenied):
                return ()
            self._kept_notes.put(key, known)
        return known

    async def annotations(self, project: str, job: str) -> list[str]:
        """The failures that GitHub notes on a job, as messages; none when it has none."""
        return [message for level, message in await self._annotated(project, job) if level == "failure"]

    async def _annotated(self, project: str, job: str) -> list[tuple[str, str]]:
        """Level and message of what is noted on a job, of the first pages.

        https://docs.github.com/en/rest/checks/runs#list-check-run-annotations
        """

        def parse(answer: Answer) -> tuple[list[runs.Annotation], bool]:
            return runs.Annotations.validate_json(answer.body), next_page(answer) is not None

        what, path = f"the annotations of job {job} of {project}", f"{names.check_run(project, job)}/annotations"
        noted: list[runs.Annotation] = []
        for page in range(1, _MOST_NOTE_PAGES + 1):
            parameters = {"per_page": str(many.PER_PAGE), "page": str(page)}
            found = await self._reading.find("job.annotations", what, path, parse, parameters)
            noted += found[0] if found is not None else []
            if found is None or not found[1]:
                break
        return [(one.annotation_level or "", one.message) for one in noted if one.message]

    async def gone(self, project: str, run: str) -> ExternalGone:
        await self.see(project)
        return ExternalGone(f"GitHub has no run {run} in {project} any more: it was deleted there.")


def _told(noted: Sequence[tuple[str, str]]) -> list[str]:
    """Failures, and after them warnings."""
    failures = [message for level, message in noted if level == "failure"]
    return failures + [f"{WARNING}{message}" for level, message in noted if level == "warning"]


class Cancelling:
    def __init__(self, writing: Writing, following: Following) -> None:
        self._writing = writing
        self._following = following

    async def cancel(self, project: str, run: str, *, force: bool, seconds: float) -> None:
        """Ask; asking twice does no harm, and a run that has ended already is not an error.

        Raises `ExternalGone`, `BackendUnreachable`, `BackendDenied`.
        """
        operation = "run.force-cancel" if force else "run.cancel"
        path = f"{names.run(project, run)}/{'force-cancel' if force else 'cancel'}"
        result = await self._writing.post(operation, path, seconds=seconds)
        if isinstance(result, Silence) or result.status not in {202, 409, 404}:
            raise GITHUB.failure(result, f"the cancellation of run {run} of {project}", advice=_ADVICE)
        if result.status == 404:
            raise await self._following.gone(project, run)


_ADVICE: Final[Mapping[int, str]] = {403: "The credential may not cancel: it needs the permission Actions: write"}
