"""Approvals and decisions."""

from datetime import datetime

from pydantic import Field

from daytwo_api.views.actions import Difference
from daytwo_api.views.common import Json, LongText, Permitted, Person, Request, View
from daytwo_store.states import ApprovalState, Verdict


class DecisionView(View):
    by: Person | None = Field(description="null: no person decided, but a rule of the action")
    rule: str | None = Field(default=None, description="the expression of the action that was true")
    verdict: Verdict
    comment: str
    at: datetime


class StageView(View):
    number: int
    approval: str | None = Field(description="null: it has not opened yet")
    state: ApprovalState | None
    text: str = Field(description="'approved by Sam' or '2 of group:sre, when stage 1 is approved'")
    needed_from: list[str]
    count: int


class ApprovalSummary(View):
    id: str
    run: str
    action: str
    action_title: str
    entity: str | None
    requester: Person
    comment: str | None = Field(description="what the requester says about it")
    state: ApprovalState
    text: str = Field(description="'stage 1 of 2: waits for one of group:sre' or 'approved by Sam'")
    needed_from: list[str]
    count: int
    stage: int = Field(description="which stage this is; the next opens when it is approved")
    stages: int = Field(description="how many stages there are")
    created_at: datetime
    expires_at: datetime
    decisions: list[DecisionView]
    digest: str = Field(description="what the decision is about; a decision carries it back")
    may_decide: Permitted


class ApprovalView(ApprovalSummary):
    all_stages: list[StageView]
    sealed: Json = Field(description="the document whose digest this is: nothing else will be sent")
    inputs: Json
    differences: list[Difference] = Field(description="inputs that differ from the last successful run here")
    previous_run: str | None
    superseded_by: str | None
    drift: list[Difference] = Field(description="what changed, when this approval replaced another")


class DecisionRequest(Request):
    verdict: Verdict
    digest: str = Field(min_length=64, max_length=64)
    comment: LongText = ""


class DecisionAnswer(View):
    """The approval after the decision; `repeated` when this person had decided the same before."""

    approval: ApprovalView
    repeated: bool
