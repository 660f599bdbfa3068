"""The pipelines that exist, in memory: built from the ledger and the files, in the order of their ids."""

from collections.abc import Iterator
from pathlib import Path

from daytwo_standins.gitlab.ledger import Accepted
from daytwo_standins.gitlab.records import Blueprint, Job, State

_JOBS = 1_000


def job_id(pipeline: int, index: int) -> int:
    """The id of a job, from which its pipeline can be read."""
    return pipeline * _JOBS + index


def split_job_id(number: int) -> tuple[int, int]:
    """Pipeline and index of a job id."""
    return divmod(number, _JOBS)


class Pipeline:
    """One accepted pipeline and what has become of it."""

    def __init__(self, accepted: Accepted, folder: Path, blueprint: Blueprint, state: State) -> None:
        self.accepted = accepted
        self.folder = folder
        self.blueprint = blueprint
        self.state = state
        self.orders = 0

    @property
    def id(self) -> int:
        """Its id."""
        return self.accepted.run_id

    @property
    def about(self) -> str:
        """What fault rules search: the name, the inputs, the variables."""
        accepted = self.accepted
        return f"{accepted.title} {accepted.inputs} {accepted.variables}"

    def job(self, index: int) -> Job | None:
        """A job by its index."""
        return next((job for job in self.state.jobs if job.index == index), None)

    def job_folder(self, index: int) -> Path:
        """Where the files of a job are."""
        return self.folder / str(index)

    def artifacts(self, job: Job) -> Path | None:
        """The folder with the artifacts of a job, as its paths have them."""
        found = [path for path in (self.job_folder(job.index) / "artifacts").glob("*") if path.is_dir()]
        return found[0] if found else None

    def before(self, job: Job) -> list[Job]:
        """The jobs whose artifacts a job gets."""
        planned, stages = self.blueprint.job(job.name), self.blueprint.stages
        done = [one for one in self.state.latest if one.ended and not one.bridge]
        if planned.dependencies is None:
            return [one for one in done if stages.index(one.stage) < stages.index(job.stage)]
        wanted = set(planned.dependencies)
        return [one for one in done if wanted & self.blueprint.job(one.name).names]


class Pipelines:
    """All pipelines by id."""

    def __init__(self) -> None:
        self._by_id: dict[int, Pipeline] = {}
        self._iids: dict[str, int] = {}

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(self._by_id.values())

    def add(self, pipeline: Pipeline) -> None:
        """Take in a pipeline."""
        self._by_id[pipeline.id] = pipeline
        where = pipeline.accepted.repository
        self._iids[where] = max(self._iids.get(where, 0), pipeline.accepted.iid)

    def get(self, number: int) -> Pipeline | None:
        """A pipeline by its id."""
        return self._by_id.get(number)

    def take_iid(self, project: str) -> int:
        """The next number among the pipelines of a project."""
        self._iids[project] = self._iids.get(project, 0) + 1
        return self._iids[project]

    def of(self, project: str) -> list[Pipeline]:
        """The pipelines of a project."""
        return [one for one in self._by_id.values() if one.accepted.repository == project]
