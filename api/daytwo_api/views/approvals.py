"""Approvals and decisions."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from daytwo_api.views.actions import Difference, PlannedChange, PlannedLock
from daytwo_api.views.common import Json, LongText, Moment, Permitted, Person, Request, ShortText, View
from daytwo_api.views.freezes import HeldView
from daytwo_store.states import ApprovalState, Verdict

PersonRef = Annotated[str, Field(pattern=r"^person:[a-z0-9][a-z0-9._-]*$", max_length=200)]


class Filled(View):
    """An answer of whoever approved."""

    name: str
    title: str
    value: JsonValue


class AskedField(View):
    name: str
    title: str


class DecisionView(View):
    by: Person | None = Field(description="null: no person decided, but a rule of the action")
    rule: str | None = Field(default=None, description="the expression of the action that was true")
    verdict: Verdict
    comment: str
    at: datetime
    on_behalf_of: Person | None = Field(default=None, description="who let them decide, and counts in their place")
    own_request: bool = Field(
        default=False, description="who asked for the run decided, because the action lets them (self_approval)"
    )
    own_edit: bool = Field(
        default=False, description="who last changed the action's file decided, because the action lets them"
    )
    own_values: bool = Field(
        default=False, description="who filled in values of the run decided, because the action lets them"
    )
    via_token: str | None = Field(default=None, description="id of the token of theirs by which they decided")
    taken_back_at: datetime | None = Field(default=None, description="it does not count since then")
    filled: list[Filled] = Field(default=[], description="what they filled in with it")


class CommentView(View):
    id: str
    by: Person
    text: str
    at: datetime
    stage: int


class DelegationView(View):
    """Somebody lets another person decide for them."""

    id: str
    by: Person
    to: str = Field(description="ref of the person")
    approval: str | None = Field(description="only this one; null: whatever is asked")
    begins_at: datetime
    ends_at: datetime
    reason: str
    revoked_at: datetime | None
    in_force: bool


class EscalationView(View):
    to: list[str]
    at: datetime = Field(description="when they are asked as well, or since when")
    done: bool


class StageView(View):
    number: int
    approval: str | None = Field(description="null: it has not opened yet")
    state: ApprovalState | None
    text: str = Field(description="'approved by Sam' or '2 of group:sre, when stage 1 is approved'")
    needed_from: list[str]
    count: int
    self_approval: bool = False
    name: str | None = Field(default=None, description="as inputs of steps know what it fills in")
    asks: list[AskedField] = Field(default=[], description="what whoever approves it fills in")
    filled: list[Filled] = Field(default=[], description="what was filled in; empty as long as nobody has")


class InputHint(View):
    """An input in words."""

    name: str
    title: str
    text: str


class ApprovalSummary(View):
    id: str
    run: str
    action: str
    action_title: str
    entity: str | None
    requester: Person
    comment: str | None = Field(description="what the requester says about it")
    break_glass: bool = Field(default=False, description="an emergency: this confirms that it goes past its approval")
    unusual: str | None = Field(
        default=None, description="'Undoes run r_…', 'Runs run r_… again' or that it is an emergency; null: none of it"
    )
    hints: list[InputHint] = Field(default=[], description="its inputs in words, the first few")
    more_inputs: int = Field(default=0, description="how many inputs are not among the hints")
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
    decides_for: Person | None = Field(default=None, description="whose right the asker would use: a delegation's")
    who: str = Field(description="'one of group:sre or whoever is on call'")
    self_approval: bool = Field(description="who asked for the run may approve it: the action says so")
    terms: list[str] = Field(description="what else holds, a sentence each: reminders, escalation, own requests")
    reason_needed: list[Verdict] = Field(description="verdicts that need a reason")
    asks: list[AskedField] = Field(
        default=[], description="what whoever approves fills in: `answers` of the decision, by POST …/form"
    )
    filled: Json | None = Field(
        default=None,
        description="what the first who approved filled in; whoever approves after that sends exactly this",
    )


class TargetNow(View):
    """The entity that it is about, beside what was sealed."""

    ref: str
    owner_sealed: str | None
    owner: str | None
    problem: str | None = Field(description="why it could not be planned today; then nothing else is known")


class UndoRequest(View):
    """What undoing it would ask for. The commit is pinned when it is asked for."""

    step: str
    connection: str
    project: str
    pipeline: str
    ref: str
    inputs: Json


class PlannedUndo(View):
    """What would undo it, as far as it is known now."""

    why_not: str | None = Field(description="a whole sentence; null: it can be undone")
    inputs: Json
    requests: list[UndoRequest]


class HoleSource(View):
    """What fills a hole: an answer of an approver, or a result of an earlier step."""

    name: str = Field(description="as the hole names it: approvals.change.ticket, steps.build.outputs.image")
    who: str = Field(description="who fills it, or has filled it, as a sentence")
    json_schema: Json | None = Field(description="what it can be; null: anything")


class HoleView(View):
    """A value that is not known when the plan is sealed."""

    name: str
    written: JsonValue = Field(description="the expression, as the action has it")
    sources: list[HoleSource]
    given: Json = Field(description="what else it names, with its value")
    filled: bool
    value: JsonValue = Field(description="what it has become; null as long as it is not filled")


class RequestBytes(View):
    attempt: int | None = Field(description="null: it is not sealed yet, and this is what it will be")
    method: str
    path: str
    headers: Json
    body: str = Field(description="the very text; what stands in for a secret stands in it")
    digest: str


class OpenRequestView(View):
    """A step whose request has holes: nothing of its bytes is in the sealed plan."""

    step: str
    uses: str
    holes: list[HoleView]
    sent: RequestBytes | None = Field(description="the request when all holes are filled; null before")
    why_not: str | None = Field(description="why no request can be made of what was filled in, as a sentence")


class ApprovalView(ApprovalSummary):
    open_requests: list[OpenRequestView] = Field(
        default=[], description="what the sealed plan leaves open, what it can become, and its bytes once filled"
    )
    edited: str = Field(description="who last changed the action's file, or why that is not known, as a sentence")
    target: TargetNow | None = Field(description="null: it is about none, or it waits for nobody any more")
    read: list[Difference] = Field(
        description="catalog values that the plan read: sealed (before) and now (after); one that differs voids it"
    )
    request_differences: list[Difference] = Field(
        description="what is sent otherwise than in the last successful run of this action here, by step"
    )
    changes: list[PlannedChange] = Field(
        default=[], description="entities as they are now, and as the run would leave them; none once it is decided"
    )
    changes_problem: str | None = Field(default=None, description="why the catalog would refuse that today")
    lock: PlannedLock | None = Field(description="how it stands with its lock now")
    undo: PlannedUndo | None = Field(description="null: it waits for nobody any more")
    all_stages: list[StageView]
    sealed: Json = Field(description="the document whose digest this is: nothing else will be sent")
    inputs: Json
    differences: list[Difference] = Field(
        description="inputs that differ from the last successful run of this action here"
    )
    previous_run: str | None = Field(
        description="that run: on the same entity, in the same environments, under the same lock; null when there is "
        "none that the asker may see"
    )
    superseded_by: str | None
    freezes: list[HeldView] = Field(default=[], description="what would hold it back if it were approved now")
    stopped: str | None = Field(default=None, description="the global stop that is in force now, as a sentence")
    drift: list[Difference] = Field(description="what changed, when this approval replaced another")
    on_call: dict[str, list[str]] = Field(description="who is on call now, for entries of needed_from that look it up")
    reminders: list[datetime] = Field(description="when those who are asked are reminded")
    escalation: EscalationView | None
    comments: list[CommentView] = Field(description="of all stages, in the order in which they were written")
    delegations: list[DelegationView] = Field(description="of this approval alone")
    may_take_back: Permitted
    may_delegate: Permitted


class CommentRequest(Request):
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class DelegateRequest(Request):
    """Let somebody else decide on one approval."""

    to: PersonRef
    until: Moment | None = Field(default=None, description="when it expires, if left out")
    reason: LongText = ""


class DelegationRequest(Request):
    """Let somebody else decide on whatever one is asked about, while one is away."""

    to: PersonRef
    begins: Moment | None = Field(default=None, description="now, if left out")
    until: Moment
    reason: LongText = ""


class DecisionRequest(Request):
    verdict: Verdict
    digest: str = Field(min_length=64, max_length=64)
    comment: LongText = ""
    answers: dict[str, JsonValue] | None = Field(
        default=None, description="what is filled in with an approval, where the stage asks for something"
    )


class StageFormRequest(Request):
    answers: dict[str, JsonValue] = {}


class StageOptionsRequest(StageFormRequest):
    search: ShortText = ""
    cursor: ShortText | None = None


class DecisionAnswer(View):
    """The approval after the decision; `repeated` when this person had decided the same before."""

    approval: ApprovalView
    repeated: bool


class PipelineChange(View):
    """A pipeline file as it is sealed, beside that of the last successful run of this action here."""

    step: str
    connection: str
    project: str
    pipeline: str
    commit: str
    previous_run: str | None
    previous_commit: str | None
    changed: bool | None = Field(description="null: there was no run here before")
    diff: str | None = Field(
        description="unified; null where there is none, or it cannot be had: then `why_not` says why"
    )
    cut: bool = Field(description="the difference is longer than what is shown")
    why_not: str | None


class PipelineChanges(View):
    items: list[PipelineChange]
