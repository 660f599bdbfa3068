"""Runs, their steps and logs."""

from datetime import datetime
from typing import Literal

from pydantic import Field, StrictBool

from daytwo_actions.backends.tree import GateVerdict
from daytwo_actions.recovery import Choice, Does, Said
from daytwo_api.views.actions import Difference, PlannedChange, PlanView
from daytwo_api.views.approvals import ApprovalSummary
from daytwo_api.views.common import Json, LongText, Permitted, Person, Request, ShortText, View
from daytwo_api.views.external import ExternalRunView, GateView, JobView
from daytwo_api.views.freezes import ExceptionView, HeldView
from daytwo_api.views.lasting import LastsView
from daytwo_api.views.locks import KeyView
from daytwo_api.views.reviews import ReviewView
from daytwo_store.states import AttemptState, RunState, StepState


class Waits(View):
    """Why a run does not move, who moves it, and what happens if nobody does."""

    kind: Literal[
        "approval",
        "window",
        "lock",
        "pipeline",
        "gate",
        "cancellation",
        "person",
        "start",
        "timer",
        "event",
        "task",
        "call",
        "check",
        "service",
        "steps",
    ]
    text: str = Field(description="a sentence: 'waits for one of group:sre until 14:00 UTC; then expires'")
    owner: str = Field(description="who or what moves it next: group:sre, run r_…, github, daytwo")
    next_event: str
    until: datetime | None
    then: str | None = Field(description="what happens at that time")
    url: str | None = Field(default=None, description="where in the CI system it waits")


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
    break_glass: bool = Field(default=False, description="it went, or asks to go, past its approval")


class FindingView(View):
    """What one person found out about a held attempt; where somebody had to approve, a second has to find the same."""

    by: Person
    outcome: Literal["ran", "did_not_run"]
    external_run: str | None
    reason: str
    at: datetime


class AttemptView(View):
    number: int
    state: AttemptState
    note: str | None
    digest: str = Field(description="SHA-256 of the bytes that are sent")
    marker: str
    intent_at: datetime
    sent_at: datetime | None
    claimed_by: str | None = Field(description="the one execution that was let through by the claim fence")
    claimed_at: datetime | None
    findings: list[FindingView] = Field(description="what people found out, while it is held")
    external: ExternalRunView | None


class CalledRun(View):
    """A run that a step has called, or is going to."""

    key: str = Field(description="the item; empty where it is one run")
    wave: int | None = Field(default=None, description="from 1; null where all may go at once, or another run did it")
    check: bool = Field(default=False, description="it is no item, but the check after its wave")
    run: str | None = Field(description="null: it has not begun, or may not be seen")
    state: str | None = Field(description="how it ended; refused also where it was not begun; null: it has not ended")
    text: str | None = Field(description="why")


class StepView(View):
    path: str
    uses: str = Field(description="the connection, or the kind of step where that is no dispatch")
    kind: str = Field(description="dispatch, wait …")
    state: StepState
    text: str
    undoes: str | None = Field(default=None, description="the step that it takes back")
    needs: list[str] | None = Field(description="steps that have to be done before; null: the one before it")
    due_at: datetime | None = Field(description="when something about it is due by itself")
    started_at: datetime | None
    ended_at: datetime | None
    attempts: list[AttemptView]
    jobs: list[JobView]
    log_note: str | None = Field(description="what is to be said of its log, in words")
    calls: list[CalledRun] = Field(default=[], description="runs that it calls")
    task: str | None = Field(default=None, description="what people are asked to do here, by its id")
    lasts: LastsView | None = Field(default=None, description="of what is temporary, while it lasts")
    outputs: Json | None = Field(description="what the pipeline says came of it: data, written by others")
    outputs_source: Literal["report", "artifact", "answer", "event", "person", "run"] | None = Field(
        description="report: the run told us; artifact: found in a file that it left; answer: a service answered so; "
        "event: another system told so; person: somebody filled it in; run: the called run left it"
    )
    secrets: list[str] = Field(description="names of secret inputs that its pipeline may collect, once")
    secrets_at: datetime | None = Field(description="when its pipeline collected them")
    secrets_by: str | None = Field(description="the execution that did")


class LogLine(View):
    number: int = Field(description="counts from 1 through all logs of the run, lines that are left out as well")
    step: str
    job: str
    text: str
    left_out: int = Field(
        default=0,
        description="so many lines are not kept, up to this number; the text is a sentence that says so, no line",
    )


class LogBatch(View):
    lines: list[LogLine]
    next: int = Field(description="ask for what comes after this number; also the event id in the stream")
    not_searched: int = Field(default=0, description="with `grep`: lines that are not kept, in which nobody could look")


class LogGap(View):
    """Lines of the run's log that are left out: only the first and the last part of a long log are kept."""

    first: int
    last: int


class LockView(View):
    key: str = Field(description="all of its keys, as a sentence names them")
    keys: list[KeyView]
    queue: str = Field(description="fifo, priority, latest, reject or replace")
    state: Literal["held", "queued", "released", "none", "taken"]
    fence: int | None = Field(description="the same for all its keys")
    position: int | None = Field(description="1 is next; of several keys the worst")
    held_by_run: str | None = Field(description="the first of the holders that the asker may see")
    expected_at: datetime | None = Field(
        description="about when it is its turn, by how long earlier runs took; null: it has it, or nobody can say"
    )


class UndoSaid(View):
    """What somebody has said about the undo of a run."""

    choice: Choice
    by: Person
    reason: str
    at: datetime


class UndoingView(View):
    """The run has failed or was cancelled, and what its steps have done is undone, or somebody is asked about that."""

    ends: RunState = Field(description="how it ends then")
    choices: list[Choice] = Field(description="what can be said now; empty: nothing is asked")
    said: list[UndoSaid] = []


class RunPermissions(View):
    cancel: Permitted
    withdraw: Permitted
    undo: Permitted
    rerun: Permitted = Field(description="with the same inputs; who may, may also start it with others")
    resolve: Permitted
    resume: Permitted = Field(description="go on where it ended, with a run of its own")
    choose: Permitted = Field(description="say whether what it has done is undone")
    evidence: Permitted


class Unheard(View):
    """Something that people should have been told, and nobody could be."""

    event: str
    text: str
    at: datetime


class CauseView(View):
    """What asked for a run in the requester's name."""

    kind: Literal["schedule", "trigger"]
    name: str = Field(description="its id")
    title: str
    at: datetime | None = Field(description="when it was due; null when somebody began it by hand")


class RunView(RunSummary):
    version: str
    reason: str | None = Field(description="why it ended as it did, with what was and was not done")
    comment: str | None = Field(description="what the requester says about it")
    cause: CauseView | None = Field(default=None, description="null: a person, a program or another run asked for it")
    waits: Waits | None
    digest: str = Field(description="of the plan")
    plan: Json
    steps: list[StepView]
    approvals: list[ApprovalSummary]
    gates: list[GateView] = Field(description="where it waits in the CI system, in the order of the tree")
    lock: LockView | None
    holds: list[HeldView] = Field(default=[], description="freezes that hold it back, while it waits for its window")
    exceptions: list[ExceptionView] = Field(default=[], description="to freezes, oldest first")
    unheard: list[Unheard] = Field(default=[], description="what people should have been told, and nobody could be")
    changes: list[PlannedChange] = Field(description="what it changed in the catalog")
    first_error: LogLine | None
    log_lines: int = Field(description="also those that are left out")
    log_gaps: list[LogGap] = Field(default=[], description="in the order of numbers")
    log_pending: bool = Field(description="the pipeline has ended and its log is still being fetched")
    undo_of: str | None
    rerun_of: str | None = Field(default=None, description="the run whose inputs it was given again")
    called_by: str | None = Field(default=None, description="the run of which a step called this one")
    called_by_step: str | None = None
    resume_of: str | None = Field(default=None, description="the run that it goes on with")
    resumed_by: str | None = Field(default=None, description="the run that goes on with it")
    undone_by: str | None
    undoing: UndoingView | None = None
    previous_run: str | None
    review: ReviewView | None = Field(default=None, description="of a run that broke the glass")
    may: RunPermissions


class CancelRequest(Request):
    reason: LongText = ""
    force: StrictBool = False


class ReasonRequest(Request):
    reason: LongText = ""


class UndoingRequest(Request):
    """undo, or stop; of an undo that has failed again, or leave."""

    choice: Choice
    reason: LongText = ""


class ResumeStep(View):
    """What becomes of a step when the run is resumed."""

    step: str
    kind: str
    does: Does = Field(
        description="skip: it is done, and carried over; check: it looks again; repeat: it is done again; begin: its "
        "turn comes; ask: say in `answers` what becomes of it"
    )
    text: str = Field(description="why, as a sentence")
    answers: list[Said] = Field(description="what can be said of it")


class ResumeView(View):
    """What resuming would do, today. Nothing is changed by looking."""

    version: str = Field(description="of today's definition")
    changed: bool = Field(description="it is not the one that the run was started with: say `version` when you resume")
    steps: list[ResumeStep]
    differences: list[Difference] = Field(description="between the plan of then and the one of today")
    plan: PlanView


class ResumeRequest(Request):
    reason: LongText = ""
    version: ShortText | None = Field(default=None, description="of today's definition, where that has changed")
    answers: dict[ShortText, Said] = Field(
        default={}, description="of steps that are asked about: done (it was carried out) or again (do it again)"
    )


class ResolveRequest(Request):
    """What a person found out about an attempt that nobody could prove: 'it ran as …' or 'it did not run'."""

    step: ShortText
    attempt: int
    outcome: Literal["ran", "did_not_run"]
    external_run: ShortText | None = Field(default=None, description="its id in the CI system, with outcome 'ran'")
    without_marker: StrictBool = Field(
        default=False,
        description="the run's name does not show the marker, and you vouch for it: you saw it among the run's inputs",
    )
    reason: LongText


class GateRequest(Request):
    """go: play, approve, resume; stop: reject, stop."""

    verdict: GateVerdict
    comment: LongText = ""


class RunAccepted(View):
    id: str
    state: RunState
    repeated: bool = Field(description="this Idempotency-Key was used before; this is the run that it made")
    url: str
    held: str | None = Field(
        default=None, description="what would keep it from being dispatched now, as a sentence: freezes, the stop"
    )
