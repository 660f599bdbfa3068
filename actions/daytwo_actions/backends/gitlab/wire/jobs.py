"""Jobs, the jobs that start other pipelines, and what waits for a person, as nodes of our tree.

https://docs.gitlab.com/api/jobs/, https://docs.gitlab.com/api/deployments/
"""

from collections.abc import Mapping
from typing import Final

from pydantic import AwareDatetime, Field, TypeAdapter

from daytwo_actions.backends.gitlab.wire.pipelines import Vendor
from daytwo_actions.backends.gitlab.wire.status import has_ended, status_of
from daytwo_actions.backends.tree import Artifact, ExternalGate, GateId, GateKind, GateVerdict, Job, JobKind
from daytwo_actions.backends.wire.outcome import web_link
from daytwo_store.ids import ExternalJobId

# Results are in `result.json` among the artifacts of a job that is called so, or that calls its artifacts so.
RESULT: Final = "daytwo-result"
_MANUAL: Final = "manual"
_ARCHIVE: Final = "archive"

_REASONS: Final[Mapping[str, str]] = {
    "script_failure": "its script failed",
    "runner_system_failure": "the runner failed, not the script",
    "stuck_or_timeout_failure": "no runner took it, or it took too long",
    "job_execution_timeout": "it took longer than it may",
    "runner_unsupported": "the runner is too old for it",
    "stale_schedule": "its time had passed before it could start",
    "missing_dependency_failure": "what it needs of an earlier job is gone",
    "data_integrity_failure": "GitLab could not prepare it",
    "forward_deployment_failure": "a newer deployment has overtaken it",
    "protected_environment_failure": "who started it may not deploy to its environment",
    "ci_quota_exceeded": "the minutes of the namespace are used up",
    "no_matching_runner": "no runner has its tags",
    "failed_outdated_deployment_job": "a newer deployment has overtaken it",
    "deployment_rejected": "its deployment was rejected",
    "downstream_pipeline_creation_failed": "the pipeline that it starts could not be created",
    "insufficient_bridge_permissions": "who started it may not start the other pipeline",
}


class _File(Vendor):
    """An entry of `artifacts`; `artifacts_file` may be an empty object."""

    file_type: str | None = None
    filename: str | None = None
    size: int | None = None


class _Within(Vendor):
    id: int | None = None
    project_id: int | None = None
    status: str | None = None
    web_url: str | None = None


class VendorJob(Vendor):
    """What we read of a job, and of one that starts another pipeline (`downstream_pipeline`)."""

    id: int = Field(gt=0)
    name: str = ""
    stage: str | None = None
    status: str | None = None
    allow_failure: bool | None = None
    failure_reason: str | None = None
    web_url: str | None = None
    pipeline: _Within | None = None
    downstream_pipeline: _Within | None = None
    artifacts: tuple[_File, ...] | None = Field(default=None, strict=False)
    artifacts_file: _File | None = None
    artifacts_expire_at: AwareDatetime | None = Field(default=None, strict=False)
    started_at: AwareDatetime | None = Field(default=None, strict=False)
    finished_at: AwareDatetime | None = Field(default=None, strict=False)
    erased_at: AwareDatetime | None = Field(default=None, strict=False)

    @property
    def waits(self) -> bool:
        """Whether it waits for somebody: a manual job of a pipeline that is over is only an offer."""
        over = self.pipeline is not None and has_ended(self.pipeline.status)
        return self.status == _MANUAL and not over

    @property
    def leaves_results(self) -> bool:
        archive = self.artifacts_file.filename if self.artifacts_file is not None else None
        return archive is not None and (self.name == RESULT or archive == f"{RESULT}.zip")

    @property
    def child(self) -> _Within | None:
        """The pipeline that it has started."""
        there = self.downstream_pipeline
        return there if there is not None and there.id else None


class Environment(Vendor):
    name: str | None = None


class Deployable(Vendor):
    id: int | None = None


class Deployment(Vendor):
    id: int = Field(gt=0)
    environment: Environment | None = None
    deployable: Deployable | None = None


class Blocked(Deployment):
    """A deployment that was asked for by itself: it also says how many approvals are missing."""

    pending_approval_count: int | None = None


Jobs: Final = TypeAdapter(tuple[VendorJob, ...])
Deployments: Final = TypeAdapter(tuple[Deployment, ...])


def job_id(job: VendorJob, elsewhere: str | None) -> ExternalJobId:
    """GitLab wants to be told the project of a job; `elsewhere` is its id when it is not the run's own."""
    return ExternalJobId(f"{elsewhere}/{job.id}" if elsewhere else str(job.id))


def node_of(
    job: VendorJob,
    *,
    parent: ExternalJobId | None,
    elsewhere: str | None,
    gate: ExternalGate | None,
    starts: bool,
) -> Job:
    """A job as it is; one that `starts` another pipeline is the group of that pipeline's jobs."""
    child = job.child
    status = child.status if child is not None and child.status else job.status
    return Job(
        id=job_id(job, elsewhere),
        name=job.name,
        status=status_of(status),
        detail=_detail(job, status),
        url=web_link(child.web_url if child is not None else job.web_url),
        started_at=job.started_at,
        ended_at=job.finished_at,
        kind=JobKind.GROUP if starts else JobKind.JOB,
        parent=parent,
        gate=gate,
        notes=() if starts else why_failed(job),
    )


def _detail(job: VendorJob, status: str | None) -> str:
    words = [status or "no status given"]
    if job.failure_reason and job.status == "failed":
        words.append(job.failure_reason)
    if job.allow_failure and status == "failed":
        words.append("allowed to fail")
    return ", ".join(words)


def manual_gate(job: VendorJob, elsewhere: str | None) -> ExternalGate:
    optional = "; the pipeline does not wait for it" if job.allow_failure else ""
    return ExternalGate(
        id=GateId(f"job:{job_id(job, elsewhere)}"),
        kind=GateKind.MANUAL_JOB,
        title=job.name,
        waits_for=f"somebody to play it{optional}",
        url=web_link(job.web_url),
        verdicts=frozenset({GateVerdict.GO}),
    )


def deployment_gate(job: VendorJob, blocked: Blocked, *, place: str, answers: bool) -> ExternalGate:
    """A protected environment: approved there, then the job is played."""
    environment = (blocked.environment.name if blocked.environment else None) or job.name
    count = blocked.pending_approval_count
    more = "" if not count else f" ({count} more)" if count > 1 else " (one more)"
    return ExternalGate(
        id=GateId(f"deployment:{place}/{blocked.id}"),
        kind=GateKind.DEPLOYMENT,
        title=environment,
        waits_for=f"approval of the deployment to {environment}{more}",
        url=web_link(job.web_url),
        verdicts=frozenset(GateVerdict) if answers else frozenset(),
    )


def artifacts_of(job: VendorJob) -> list[Artifact]:
    """The archive of a job and its reports; the log is no artifact to anybody."""
    return [
        Artifact(
            name=f"{job.name}/{file.filename}",
            size=file.size,
            url=_download(job) if file.file_type == _ARCHIVE else web_link(job.web_url),
            expires_at=job.artifacts_expire_at,
        )
        for file in job.artifacts or ()
        if file.filename and file.file_type not in {"trace", "metadata"}
    ]


def _download(job: VendorJob) -> str | None:
    page = web_link(job.web_url)
    return f"{page}/artifacts/download" if page else None


def why_failed(job: VendorJob) -> list[str]:
    """What GitLab notes on a failed job, as a message; nothing when it notes nothing."""
    if job.status != "failed" or not job.failure_reason:
        return []
    words = _REASONS.get(job.failure_reason)
    return [f"{job.name}: {words} ({job.failure_reason})" if words else f"{job.name}: {job.failure_reason}"]
