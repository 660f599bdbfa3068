"""What an attempt looks like on disk: written by the detached runner, read by the server.

Standard library only, because the runner has to start quickly. Times are seconds since the epoch (wall clock). The
words for status and conclusion are GitHub's: https://docs.github.com/en/rest/actions/workflow-runs
"""

import dataclasses
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How far a run, a job or a step has come."""

    QUEUED = "queued"
    PENDING = "pending"  # waits for its concurrency group
    WAITING = "waiting"  # for the reviewers or the timer of an environment
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Conclusion(StrEnum):
    """How something that is completed has ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    NEUTRAL = "neutral"


class Level(StrEnum):
    """The level of an annotation, as in a check run."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """A remark that a job made about itself, from ``::error::`` and its kin or from the stand-in."""

    level: Level
    message: str
    title: str = ""
    path: str = ".github"
    line: int = 1
    end_line: int = 1
    column: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a job; numbers start at 1 with "Set up job"."""

    number: int
    name: str
    status: Status = Status.QUEUED
    conclusion: Conclusion | None = None
    started_at: float | None = None
    completed_at: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job; ``index`` is its place in the attempt and names its log file; ``key`` is its id in the workflow."""

    index: int
    key: str
    name: str
    status: Status = Status.QUEUED
    conclusion: Conclusion | None = None
    created_at: float
    started_at: float | None = None
    completed_at: float | None = None
    labels: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    outputs: dict[str, str] = dataclasses.field(default_factory=dict)
    carried_from: int | None = None  # the attempt that really ran it, for a re-run of the failed jobs only


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """The state of one attempt of a run."""

    number: int
    status: Status = Status.QUEUED
    conclusion: Conclusion | None = None
    created_at: float
    started_at: float | None = None
    updated_at: float
    jobs: tuple[Job, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status is Status.COMPLETED


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PlannedStep:
    """A step as the workflow file has it."""

    id: str
    name: str
    uses: str = ""
    run: str = ""
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)  # of an action


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PlannedJob:
    """A job as the workflow file has it, before its matrix is known."""

    key: str
    name: str
    needs: tuple[str, ...] = ()
    conditional: bool = False
    matrix: bool = False
    labels: tuple[str, ...] = ()
    environment: str = ""  # before its expressions are filled
    steps: tuple[PlannedStep, ...] = ()
    outputs: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that the detached runner needs to know, written before it is started and never changed."""

    run_id: int
    attempt: int
    run_number: int
    repository: str
    source: str  # git repository on disk
    head_sha: str
    ref: str  # full, as refs/heads/main
    workflow_name: str
    workflow_path: str
    actor: str
    event: dict[str, Any]
    variables: dict[str, str]
    server_url: str
    api_url: str
    act: str  # path of the binary, empty when there is none
    path: str  # the PATH of the steps
    cancel_grace: float
    created_at: float
    jobs: tuple[PlannedJob, ...]
    carried: tuple[Job, ...] = ()  # jobs that are not run again
    token_request: dict[str, str] = dataclasses.field(default_factory=dict)  # how jobs ask for their own token
    rewritten: str = ""  # a file to run instead of the one in the work tree, when jobs are carried over


def to_json(record: Plan | Attempt) -> dict[str, Any]:
    """The plain form of a record."""
    return dataclasses.asdict(record)


def attempt_from(data: dict[str, Any]) -> Attempt:
    """An attempt from its plain form."""
    return Attempt(
        **{
            **data,
            "status": Status(data["status"]),
            "conclusion": _conclusion(data["conclusion"]),
            "jobs": tuple(job_from(job) for job in data["jobs"]),
        }
    )


def job_from(data: dict[str, Any]) -> Job:
    """A job from its plain form."""
    return Job(
        **{
            **data,
            "status": Status(data["status"]),
            "conclusion": _conclusion(data["conclusion"]),
            "labels": tuple(data["labels"]),
            "steps": tuple(_step_from(step) for step in data["steps"]),
            "annotations": tuple(Annotation(**{**a, "level": Level(a["level"])}) for a in data["annotations"]),
        }
    )


def plan_from(data: dict[str, Any]) -> Plan:
    """A plan from its plain form."""
    return Plan(
        **{
            **data,
            "jobs": tuple(_planned_job_from(job) for job in data["jobs"]),
            "carried": tuple(job_from(job) for job in data["carried"]),
        }
    )


def _planned_job_from(data: dict[str, Any]) -> PlannedJob:
    return PlannedJob(
        **{
            **data,
            "needs": tuple(data["needs"]),
            "labels": tuple(data["labels"]),
            "steps": tuple(PlannedStep(**step) for step in data["steps"]),
        }
    )


def _step_from(data: dict[str, Any]) -> Step:
    return Step(**{**data, "status": Status(data["status"]), "conclusion": _conclusion(data["conclusion"])})


def _conclusion(value: str | None) -> Conclusion | None:
    return None if value is None else Conclusion(value)
