"""What pipelines and jobs are made of, and their plain forms on disk.

Standard library only, because the runner has to start quickly. Times are seconds since the epoch (wall clock). The
words are GitLab's: https://docs.gitlab.com/api/jobs/ and https://docs.gitlab.com/api/pipelines/
"""

import dataclasses
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Where a pipeline or a job is."""

    CREATED = "created"
    WAITING_FOR_RESOURCE = "waiting_for_resource"
    PREPARING = "preparing"
    WAITING_FOR_CALLBACK = "waiting_for_callback"
    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELING = "canceling"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    MANUAL = "manual"
    SCHEDULED = "scheduled"


ENDED = frozenset({Status.SUCCESS, Status.FAILED, Status.CANCELED, Status.SKIPPED})
ACTIVE = frozenset({Status.PENDING, Status.RUNNING, Status.CANCELING, Status.PREPARING, Status.WAITING_FOR_RESOURCE})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """What a bridge starts: a pipeline of the same project from other files."""

    files: tuple[str, ...]
    inputs: dict[str, Any] = dataclasses.field(default_factory=dict)
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    follow: bool = False  # strategy: depend or mirror


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PlannedJob:
    """A job as the configuration has it, after includes and rules; ``base`` is its key there, without its cell."""

    name: str
    runs_as: str  # what gitlab-ci-local calls it
    base: str
    stage: str
    when: str = "on_success"
    allow_failure: bool = False
    needs: tuple[str, ...] | None = None  # None: all jobs of earlier stages
    dependencies: tuple[str, ...] | None = None  # whose artifacts it gets; None: of those that it waited for
    environment: str = ""
    tags: tuple[str, ...] = ()
    archive: str = "artifacts"  # what its artifacts are called
    id_tokens: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)  # variable: audiences
    resource_group: str = ""
    start_in: float = 0.0
    trigger: Trigger | None = None

    @property
    def names(self) -> frozenset[str]:
        """What other jobs may call it."""
        return frozenset({self.name, self.runs_as, self.base})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Blueprint:
    """The jobs of a pipeline and the order of their stages."""

    stages: tuple[str, ...]
    jobs: tuple[PlannedJob, ...]

    def job(self, name: str) -> PlannedJob:
        """A job by its name."""
        return next(job for job in self.jobs if job.name == name)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """What somebody said about a blocked deployment; ``status`` is approved or rejected."""

    user: str
    status: str
    comment: str
    at: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job or a bridge; ``index`` is its place in the pipeline and names its folder. A retry is another one."""

    index: int
    name: str
    stage: str
    status: Status = Status.CREATED
    allow_failure: bool = False
    bridge: bool = False
    retried: bool = False
    created_at: float
    queued_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    failure_reason: str = ""
    user: str = ""
    environment: str = ""
    tags: tuple[str, ...] = ()
    variables: dict[str, str] = dataclasses.field(default_factory=dict)  # given when it was played
    needs_approvals: int = 0
    approvals: tuple[Approval, ...] = ()
    downstream: int | None = None

    @property
    def ended(self) -> bool:
        """Whether it will not change by itself any more."""
        return self.status in ENDED

    @property
    def waits_for_approval(self) -> bool:
        """Whether its deployment is blocked."""
        return sum(one.status == "approved" for one in self.approvals) < self.needs_approvals


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """All that changes about a pipeline; ``applied`` counts the orders that are already in it."""

    status: Status = Status.CREATED
    jobs: tuple[Job, ...] = ()
    created_at: float
    updated_at: float
    started_at: float | None = None
    finished_at: float | None = None
    applied: int = 0

    @property
    def ended(self) -> bool:
        """Whether it will not change by itself any more."""
        return self.status in ENDED

    @property
    def latest(self) -> tuple[Job, ...]:
        """The jobs that no retry has replaced."""
        return tuple(job for job in self.jobs if not job.retried)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What the runner of a job writes down."""

    status: Status
    started_at: float | None = None
    finished_at: float | None = None
    failure_reason: str = ""

    @property
    def ended(self) -> bool:
        """Whether the job is over."""
        return self.status in ENDED


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that the runner of one job needs to know, written before it is started and never changed."""

    job: str  # name
    source: str  # git repository on disk
    head_sha: str
    remote: str  # what `origin` is called
    config_file: str  # the configuration to run, beside the plan
    variables: dict[str, str]
    earlier: tuple[str, ...]  # folders of the jobs whose artifacts are there
    node: str
    script: str  # of gitlab-ci-local
    path: str  # the PATH of the job
    grace: float  # seconds between asking a cancelled job to end and ending it
    stamps: bool  # times before the lines of the trace
    missing: str = ""  # why nothing can be executed


def plain(record: object) -> dict[str, Any]:
    """The plain form of a record."""
    return dataclasses.asdict(record)  # type: ignore[call-overload, no-any-return]  # every caller hands in a record


def state_from(data: dict[str, Any]) -> State:
    """A state from its plain form."""
    return State(**{**data, "status": Status(data["status"]), "jobs": tuple(_job(job) for job in data["jobs"])})


def report_from(data: dict[str, Any]) -> Report:
    """A report from its plain form."""
    return Report(**{**data, "status": Status(data["status"])})


def plan_from(data: dict[str, Any]) -> Plan:
    """A plan from its plain form."""
    return Plan(**{**data, "earlier": tuple(data["earlier"])})


def blueprint_from(data: dict[str, Any]) -> Blueprint:
    """A blueprint from its plain form."""
    return Blueprint(stages=tuple(data["stages"]), jobs=tuple(_planned(job) for job in data["jobs"]))


def _job(data: dict[str, Any]) -> Job:
    approvals = tuple(Approval(**one) for one in data["approvals"])
    return Job(**{**data, "status": Status(data["status"]), "tags": tuple(data["tags"]), "approvals": approvals})


def _planned(data: dict[str, Any]) -> PlannedJob:
    trigger = data["trigger"]
    return PlannedJob(
        **{
            **data,
            "needs": None if data["needs"] is None else tuple(data["needs"]),
            "dependencies": None if data["dependencies"] is None else tuple(data["dependencies"]),
            "tags": tuple(data["tags"]),
            "id_tokens": {name: tuple(wanted) for name, wanted in data["id_tokens"].items()},
            "trigger": Trigger(**{**trigger, "files": tuple(trigger["files"])}) if trigger else None,
        }
    )
