"""Runs, their steps and logs."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from daytwo_api.views.actions import PlannedChange
from daytwo_api.views.approvals import ApprovalSummary
from daytwo_api.views.common import Json, LongText, Permitted, Person, Request, ShortText, View
from daytwo_store.states import AttemptState, ExternalStatus, RunState, StepState


class Waits(View):
    """Why a run does not move, who moves it, and what happens if nobody does."""

    kind: Literal["approval", "lock", "pipeline", "cancellation", "person", "start"]
    text: str = Field(description="a sentence: 'waits for one of group:sre until 14:00 UTC; then expires'")
    owner: str = Field(description="who or what moves it next: group:sre, run r_…, github, daytwo")
    next_event: str
    until: datetime | None
    then: str | None = Field(description="what happens at that time")


class RunSummary(View):
    id: str
    action: str
    action_title: str
    entity: str | None
    requester: Person
    state: RunState
    text: str = Field(description="the state in words")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    inputs: Json


class JobStepView(View):
    number: int
    name: str
    status: ExternalStatus
    started_at: datetime | None
    ended_at: datetime | None


class JobView(View):
    id: str
    name: str
    status: ExternalStatus
    detail: str
    url: str | None
    started_at: datetime | None
    ended_at: datetime | None
    steps: list[JobStepView]


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


class AttemptView(View):
    number: int
    state: AttemptState
    note: str | None
    digest: str = Field(description="SHA-256 of the bytes that are sent")
    marker: str
    intent_at: datetime
    sent_at: datetime | None
    external: ExternalRunView | None


class StepView(View):
    path: str
    uses: str
    state: StepState
    text: str
    started_at: datetime | None
    ended_at: datetime | None
    attempts: list[AttemptView]
    jobs: list[JobView]
    log_note: str | None = Field(description="why there is no log yet, in words")


class LogLine(View):
    number: int = Field(description="counts from 1 through all logs of the run")
    step: str
    job: str
    text: str


class LogBatch(View):
    lines: list[LogLine]
    next: int = Field(description="ask for what comes after this number; also the event id in the stream")


class LockView(View):
    key: str
    state: Literal["held", "queued", "released", "none"]
    fence: int | None
    position: int | None = Field(description="1 is next")
    held_by_run: str | None


class RunPermissions(View):
    cancel: Permitted
    withdraw: Permitted
    undo: Permitted
    resolve: Permitted


class RunView(RunSummary):
    version: str
    reason: str | None = Field(description="why it ended as it did, with what was and was not done")
    comment: str | None = Field(description="what the requester says about it")
    waits: Waits | None
    digest: str = Field(description="of the plan")
    plan: Json
    steps: list[StepView]
    approvals: list[ApprovalSummary]
    lock: LockView | None
    changes: list[PlannedChange] = Field(description="what it changed in the catalog")
    first_error: LogLine | None
    log_lines: int
    log_pending: bool = Field(description="the pipeline has ended and its log is still being fetched")
    undo_of: str | None
    undone_by: str | None
    previous_run: str | None
    may: RunPermissions


class CancelRequest(Request):
    reason: LongText = ""
    force: bool = False


class ReasonRequest(Request):
    reason: LongText = ""


class ResolveRequest(Request):
    """What a person found out about an attempt that nobody could prove: 'it ran as …' or 'it did not run'."""

    step: ShortText
    attempt: int
    outcome: Literal["ran", "did_not_run"]
    external_run: ShortText | None = Field(default=None, description="its id in the CI system, with outcome 'ran'")
    reason: LongText


class RunAccepted(View):
    id: str
    state: RunState
    repeated: bool = Field(description="this Idempotency-Key was used before; this is the run that it made")
    url: str
