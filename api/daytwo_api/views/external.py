"""What a CI system shows of a run: its jobs, its gates, what it left there."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from daytwo_actions.backends.tree import GateKind, GateVerdict, JobKind
from daytwo_api.views.common import Permitted, Person, View
from daytwo_store.states import ExternalStatus, GateAnswerState


class JobStepView(View):
    number: int
    name: str
    status: ExternalStatus
    started_at: datetime | None
    ended_at: datetime | None


class JobView(View):
    """A node of the tree. A group comes before what is in it."""

    id: str
    name: str
    kind: JobKind = Field(description="group: jobs that belong together, without a log; gate: nothing but waiting")
    parent: str | None = Field(description="the id of the group that it is in")
    gate: str | None = Field(description="its gate in `gates` of the run, while somebody is waited for")
    status: ExternalStatus
    detail: str
    url: str | None
    started_at: datetime | None
    ended_at: datetime | None
    notes: list[str] = Field(description="what the CI system itself says went wrong with it, masked")
    steps: list[JobStepView]


class GateAnswerView(View):
    """What somebody answered to a gate from here."""

    verdict: GateVerdict
    by: Person
    comment: str
    state: GateAnswerState
    note: str | None
    at: datetime


class GateView(View):
    """Where the run waits in the CI system for somebody."""

    id: str
    step: str
    job: str
    kind: GateKind
    title: str = Field(description="the CI system's name of it")
    text: str = Field(description="a sentence: 'waits in GitHub for a review by sre'")
    url: str | None
    go: Permitted
    stop: Permitted
    answers: list[GateAnswerView] = Field(description="given from here, oldest first")


class ArtifactView(View):
    """A file that the run left in the CI system."""

    name: str
    size: int | None = Field(description="bytes")
    url: str | None
    expires_at: datetime | None
    expired: bool


class ExternalFact(StrEnum):
    """What happened to the external run by other hands than ours."""

    DELETED = "external_deleted"
    CANCELLED = "external_cancelled"
    RERUN = "external_rerun"


class ExternalRunView(View):
    connection: str
    id: str
    url: str | None
    status: ExternalStatus
    detail: str = Field(description="the CI system's own words")
    attempt: int = Field(
        description="above 1: somebody re-ran it in the CI system; the result that counts is the first"
    )
    commit: str | None
    waits_for: str | None
    seen_at: datetime | None
    unseen_since: datetime | None = Field(description="reads fail since then: the status is unknown, not failed")
    facts: list[ExternalFact]
    artifacts: list[ArtifactView]
