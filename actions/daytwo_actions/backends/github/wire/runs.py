"""Runs and jobs as GitHub shows them, and which of the runs is ours.

https://docs.github.com/en/rest/actions/workflow-runs, https://docs.github.com/en/rest/actions/workflow-jobs
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from daytwo_actions.backends.base import ExternalState, Marker
from daytwo_actions.backends.github.wire.names import short_ref
from daytwo_actions.backends.github.wire.status import detail_of, status_of, strange, waits_for
from daytwo_actions.backends.tree import Job, JobStep, JobTree
from daytwo_actions.backends.wire.outcome import web_link
from daytwo_store.ids import Corr, ExternalJobId, ExternalRunId

MOST_FILTERED: Final = 1_000  # a filtered listing ends there, however many there are


class _Vendor(BaseModel):
    # Ids must be whole numbers and states text; what we do not know is ignored.
    model_config = ConfigDict(strict=True, frozen=True)


class _Account(_Vendor):
    login: str


class _Repository(_Vendor):
    id: int


class VendorRun(_Vendor):
    """What we read of GitHub's schema `workflow-run`."""

    id: int = Field(gt=0)
    run_attempt: int = 1
    status: str | None = None
    conclusion: str | None = None
    html_url: str = ""
    head_sha: str | None = None
    head_branch: str | None = None
    event: str = ""
    display_title: str = ""
    workflow_id: int = 0
    actor: _Account | None = None
    repository: _Repository | None = None
    created_at: AwareDatetime | None = Field(default=None, strict=False)
    run_started_at: AwareDatetime | None = Field(default=None, strict=False)  # of this attempt
    updated_at: AwareDatetime | None = Field(default=None, strict=False)


class RunsPage(_Vendor):
    total_count: int
    workflow_runs: tuple[VendorRun, ...] = Field(strict=False)


class _Timed(_Vendor):
    status: str | None = None
    conclusion: str | None = None
    started_at: AwareDatetime | None = Field(default=None, strict=False)
    completed_at: AwareDatetime | None = Field(default=None, strict=False)


class VendorStep(_Timed):
    number: int
    name: str


class VendorJob(_Timed):
    """What we read of GitHub's schema `job`."""

    id: int = Field(gt=0)
    name: str
    html_url: str | None = None
    steps: tuple[VendorStep, ...] = Field(default=(), strict=False)

    @property
    def waits(self) -> bool:
        """For the protection rules of an environment."""
        return self.status == "waiting"


class JobsPage(_Vendor):
    total_count: int
    jobs: tuple[VendorJob, ...] = Field(strict=False)


class Annotation(_Vendor):
    """What we read of GitHub's schema `check-annotation`."""

    annotation_level: str | None = None
    message: str | None = None


Annotations: Final = TypeAdapter(list[Annotation])


def state_of(run: VendorRun) -> ExternalState:
    return ExternalState(
        id=ExternalRunId(str(run.id)),
        attempt=run.run_attempt,
        status=status_of(run.status, run.conclusion),
        detail=detail_of(run.status, run.conclusion),
        url=web_link(run.html_url) or "",
        commit=run.head_sha,
        created_at=run.created_at,
        updated_at=run.updated_at,
        waits_for=waits_for(run.status, run.conclusion),
        strange=strange(run.status, run.conclusion),
    )


def tree_of(jobs: Iterable[VendorJob]) -> JobTree:
    found = tuple(jobs)
    timed: list[_Timed] = [one for job in found for one in (job, *job.steps)]
    unknown = frozenset[str]().union(*(strange(one.status, one.conclusion) for one in timed))
    return JobTree(jobs=tuple(_job(job) for job in found), strange=unknown)


def page_of(jobs: Iterable[VendorJob]) -> str | None:
    """The page of the run that jobs belong to, where people look at it."""
    links = (web_link(job.html_url) for job in jobs)
    return next((link.partition("/job/")[0] for link in links if link and "/job/" in link), None)


def _job(job: VendorJob) -> Job:
    return Job(
        id=ExternalJobId(str(job.id)),
        name=job.name,
        status=status_of(job.status, job.conclusion),
        detail=detail_of(job.status, job.conclusion),
        url=web_link(job.html_url),
        started_at=job.started_at,
        ended_at=job.completed_at,
        steps=tuple(_step(step) for step in job.steps),
    )


def _step(step: VendorStep) -> JobStep:
    return JobStep(
        number=step.number,
        name=step.name,
        status=status_of(step.status, step.conclusion),
        started_at=step.started_at,
        ended_at=step.completed_at,
    )


def carries(run: VendorRun, corr: Corr) -> bool:
    """Whether the run's title has the marker in it, as a word of its own."""
    return re.search(rf"(?<![a-z0-9]){re.escape(corr)}(?![a-z0-9])", run.display_title) is not None


def misfits(run: VendorRun, marker: Marker, *, login: str, since: datetime, now: datetime) -> list[str]:
    """Why a run with our marker is not ours all the same (A1 "Adopt requires all"; case R18). Empty: it is ours.

    `since` and `now` bound its creation; `now` is the vendor's clock where it is known. A1 has T_safe in its place. But
    nobody knows the marker before our dispatch has arrived, so what began after T_safe is our request, held up on its
    way. Refused, its work would go on unwatched, and whoever then says "it did not run" has it done twice.
    """
    pinned = marker.pinned
    facts = {
        "it was not started by a dispatch": run.event == "workflow_dispatch",
        "somebody else started it": run.actor is not None and run.actor.login.lower() == login.lower(),
        "it is in another repository": run.repository is not None and str(run.repository.id) == pinned.project_id,
        "it is of another workflow": str(run.workflow_id) == pinned.pipeline_id,
        "it is on another ref": run.head_branch == short_ref(pinned.target.ref),
        # GitHub's times are whole seconds: what was created within the first second reads as before it.
        "it was created at another time": run.created_at is not None
        and since.replace(microsecond=0) <= run.created_at <= now,
    }
    return [reason for reason, fits in facts.items() if not fits]


def created_filter(since: datetime) -> str:
    """The value of the listing's filter `created`: a search range, though the description types it as a time."""
    return f">={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
