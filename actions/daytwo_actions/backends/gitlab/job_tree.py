"""The jobs of a pipeline and of those that it has started, as one tree, with what waits for a person."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import TypeAdapter

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.following import Following
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.jobs import (
    Blocked,
    Deployments,
    Jobs,
    VendorJob,
    deployment_gate,
    job_id,
    manual_gate,
    node_of,
    why_failed,
)
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.tree import ExternalGate, Job, JobTree
from daytwo_actions.backends.wire.answer import Answer, next_page
from daytwo_store.ids import ExternalJobId
from daytwo_store.states import ExternalStatus

_MOST_PAGES: Final = 20
_MOST_PIPELINES: Final = 30
_DEEPEST: Final = 5
_KEPT: Final = 2048

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A pipeline in the tree: where it is, and below which node."""

    project: str  # path of the API: "/projects/acme%2Fshop"
    elsewhere: str | None  # id of its project when that is not the run's own
    run: str
    parent: ExternalJobId | None = None
    depth: int = 0


class Trees:
    def __init__(self, reading: Reading, following: Following, *, answers_deployments: bool) -> None:
        self._reading = reading
        self._following = following
        self._answers = answers_deployments
        self._childless: Recent[bool] = Recent(_KEPT)  # a pipeline has all of its jobs from the beginning
        self._starters = "trigger_jobs"  # called "bridges" before GitLab 19.2

    async def jobs(self, project: str, run: str) -> JobTree:
        """Raises `ExternalGone` and what a read raises."""
        top = _Place(project=names.project(project), elsewhere=None, run=run)
        found = await self._of(top, project)
        if found is None:
            raise await self._following.gone(project, run)
        nodes, below = found
        budget = _MOST_PIPELINES
        while below and budget > 0:
            budget -= len(below)
            wider = await asyncio.gather(*(self._below(place) for place in below[:_MOST_PIPELINES]))
            below = []
            for more, deeper in wider:
                nodes += more
                below += deeper
        words = (node.detail.partition(", ")[0] for node in nodes if node.status is ExternalStatus.UNKNOWN)
        return JobTree(jobs=tuple(_in_order(nodes)), strange=frozenset(f"status {word}" for word in words))

    async def top_jobs(self, project: str, run: str) -> Sequence[VendorJob] | None:
        """The jobs of the pipeline itself, None when it is gone."""
        return await self._list(names.pipeline(names.project(project), run), "jobs", f"the jobs of pipeline {run}")

    async def every_job(self, project: str, run: str) -> Sequence[tuple[str, VendorJob]]:
        """The jobs of the pipeline and of those below it, each with the path of its project, as far as `jobs` goes.

        Of what may not be seen there are none. Raises what a read raises.
        """
        found: list[tuple[str, VendorJob]] = []
        below, budget = [_Place(project=names.project(project), elsewhere=None, run=run)], 1 + _MOST_PIPELINES
        while below and budget > 0:
            budget -= len(below)
            wider = await asyncio.gather(*(self._jobs_at(place) for place in below[:_MOST_PIPELINES]))
            found += [(place.project, job) for place, (jobs, _) in zip(below, wider, strict=False) for job in jobs]
            below = [child for _, deeper in wider for child in deeper]
        return found

    async def _jobs_at(self, place: _Place) -> tuple[Sequence[VendorJob], list[_Place]]:
        path = names.pipeline(place.project, place.run)
        try:
            jobs = await self._list(path, "jobs", f"the jobs of pipeline {place.run}") or ()
            starters = await self._starting(place, path)
        except BackendDenied:
            return (), []
        return jobs, [_child(place, job) for job in starters if job.child is not None and place.depth < _DEEPEST]

    async def annotations(self, project: str, job: str) -> list[str]:
        """Why a job has failed, in GitLab's words; none when it says nothing."""
        found = await self.job(project, job)
        return why_failed(found) if found is not None else []

    async def job(self, project: str, job: str) -> VendorJob | None:
        return await self._reading.find(
            "job.read",
            f"the job {job} of {project}",
            names.job(names.project(project), job),
            lambda answer: VendorJob.model_validate_json(answer.body),
        )

    async def _below(self, place: _Place) -> tuple[list[Job], list[_Place]]:
        """A child pipeline. One that may not be seen is a group without anything in it."""
        try:
            return await self._of(place, place.run) or ([], [])
        except BackendDenied:
            return [], []

    async def _of(self, place: _Place, project: str) -> tuple[list[Job], list[_Place]] | None:
        path = names.pipeline(place.project, place.run)
        jobs = await self._list(path, "jobs", f"the jobs of pipeline {place.run} of {project}")
        if jobs is None:
            return None
        starters = await self._starting(place, path)
        both = sorted([*jobs, *starters], key=lambda job: job.id)
        starting = {job.id for job in starters}
        gates = await self._gates(place, [job for job in both if job.waits])
        nodes = [
            node_of(
                job,
                parent=place.parent,
                elsewhere=place.elsewhere,
                gate=gates.get(job.id),
                starts=job.id in starting,
            )
            for job in both
        ]
        return nodes, [_child(place, job) for job in both if job.child is not None and place.depth < _DEEPEST]

    async def _starting(self, place: _Place, path: str) -> Sequence[VendorJob]:
        """The jobs that start other pipelines; asked for only until it is known that there are none."""
        key = (place.project, place.run)
        if self._childless.get(key):
            return ()
        what = f"the jobs of pipeline {place.run} that start others"
        found = await self._list(path, self._starters, what)
        if found is None and self._starters == "trigger_jobs":
            found = await self._list(path, "bridges", what)
            if found is not None:  # else it is the pipeline that is not to be seen, which tells nothing of the name
                self._starters = "bridges"
        if found is not None and not found:
            self._childless.put(key, True)
        return found or ()

    async def _list(self, path: str, kind: str, what: str) -> Sequence[VendorJob] | None:
        """All pages, the latest try of each job; None for 404."""
        return await self._pages(f"pipeline.{kind}", what, f"{path}/{kind}", {}, Jobs)

    async def _gates(self, place: _Place, waiting: Sequence[VendorJob]) -> Mapping[int, ExternalGate]:
        if not waiting:
            return {}
        gates = {job.id: manual_gate(job, place.elsewhere) for job in waiting}
        by_job = {job.id: job for job in waiting}
        for number, blocked in (await self._blocked(place, set(by_job))).items():
            where = place.project.removeprefix("/projects/")
            gates[number] = deployment_gate(by_job[number], blocked, place=where, answers=self._answers)
        return gates

    async def _blocked(self, place: _Place, jobs: Collection[int]) -> dict[int, Blocked]:
        """Deployments that wait for approvals, by their job. A GitLab without such a thing has none."""
        path = f"{place.project}/deployments"
        filters = {"status": "blocked", "order_by": "id", "sort": "desc"}
        what = "the deployments that wait for approval"
        try:
            listed = await self._pages("deployments.list", what, path, filters, Deployments) or ()
            wanted = [one for one in listed if one.deployable is not None and one.deployable.id in jobs]
            told = await asyncio.gather(*(self._deployment(f"{path}/{one.id}", one.id) for one in wanted))
        except BackendDenied:
            return {}
        return {
            one.deployable.id: more
            for one, more in zip(wanted, told, strict=True)
            if more is not None and one.deployable is not None and one.deployable.id is not None
        }

    async def _deployment(self, path: str, number: int) -> Blocked | None:
        return await self._reading.find(
            "deployment.read",
            f"the deployment {number}",
            path,
            lambda answer: Blocked.model_validate_json(answer.body),
        )

    async def _pages(
        self, operation: str, what: str, path: str, filters: Mapping[str, str], adapter: TypeAdapter[tuple[_Item, ...]]
    ) -> list[_Item] | None:
        def parse(answer: Answer) -> tuple[tuple[_Item, ...], bool]:
            return adapter.validate_json(answer.body), next_page(answer) is not None

        found: list[_Item] = []
        for page in range(1, _MOST_PAGES + 1):
            parameters = {**filters, "per_page": "100", "page": str(page)}
            listed = await self._reading.find(operation, what, path, parse, parameters)
            if listed is None:
                return None
            found += listed[0]
            if not listed[1]:
                break
        return found


def _child(place: _Place, job: VendorJob) -> _Place:
    child = job.child
    assert child is not None
    own = job.pipeline.project_id if job.pipeline is not None else None
    other = str(child.project_id) if child.project_id and child.project_id != own else None
    return _Place(
        project=names.project_by_id(other) if other else place.project,
        elsewhere=other or place.elsewhere,
        run=str(child.id),
        parent=job_id(job, place.elsewhere),
        depth=place.depth + 1,
    )


def _in_order(nodes: Sequence[Job]) -> list[Job]:
    """Every node once, and what is in a group right after it."""
    below: dict[ExternalJobId | None, list[Job]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    ordered: list[Job] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        waiting += reversed(below.pop(node.id, []))
    return ordered
