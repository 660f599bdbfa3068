"""Actions and their forms."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from daytwo_api.views.common import Fault, Json, LongText, Moment, Permitted, Request, ShortText, View
from daytwo_api.views.freezes import HeldView
from daytwo_api.views.locks import KeyView


class ActionSummary(View):
    name: str
    title: str
    description: str
    tags: list[str]
    owner: str | None
    operation: str = Field(description="create, day-2 or delete")
    target_kind: str | None = Field(description="the kind of entity that it is offered on")
    may_run: Permitted = Field(description="for the asker, on the entity asked about when there is one")
    runners: str = Field(description="who may run it, in words: 'the owner of the service or group:sre'")


class BreakGlassOffer(View):
    """How the action goes past its approval in an emergency."""

    may: Permitted = Field(description="for the asker, on the entity asked about when there is one")
    second: str | None = Field(description="who confirms it; 'owner' is the owning group of the entity; null: nobody")
    expires_in: float = Field(description="seconds that the second person has")


class ActionStage(View):
    """Who is asked, as the action's file has it."""

    who: str = Field(description="'one of group:sre'")
    when: str | None = Field(description="the expression that says whether they are asked; null: always")
    rule: str | None = Field(description="the expression that approves it in place of people; null: there is none")
    expires_in: float = Field(description="seconds")


class ActionStep(View):
    """What is done, with expressions as they are written."""

    step: str
    uses: str = Field(description="a connection, or a kind of step")
    backend: str | None = Field(description="the CI system as people call it, as GitHub; null: it starts no pipeline")
    project: str | None
    pipeline: str | None
    ref: str | None


class UsualView(View):
    """How the latest runs went: at most 50, of the last 30 days, which the asker may see. Undos are left out."""

    runs: int = Field(description="that have succeeded or failed")
    succeeded: int
    quick_seconds: float | None = Field(description="a quarter of them took less; null where fewer than 5 succeeded")
    slow_seconds: float | None = Field(description="a quarter of them took more; null where fewer than 5 succeeded")


class ActionView(ActionSummary):
    version: str = Field(description="digest of the definition; a run keeps the one that it was started with")
    steps: list[str]
    does: list[ActionStep] = []
    approvals: list[ActionStage] = []
    lock_keys: list[str] = Field(default=[], description="as they are written; one run at a time holds a key")
    queue: str | None = Field(default=None, description="fifo, priority, latest, reject or replace")
    undoable: bool
    undo: Literal["previous", "steps"] | None = Field(
        default=None, description="it goes back to the earlier run, or takes back what its steps did; null: not at all"
    )
    break_glass: BreakGlassOffer | None = Field(default=None, description="null: nobody goes past its approval")


class FormRequest(Request):
    entity: ShortText | None = None
    answers: dict[str, JsonValue] = {}


class FormPage(View):
    title: str
    form_schema: Json = Field(description="plain JSON Schema 2020-12: nothing in it needs another look-up")
    ui: Json = Field(description="uiSchema for react-jsonschema-form")


class FormView(View):
    """The form as the server sees it for these answers; what is validated on submission is this."""

    action: str
    version: str
    entity: str | None
    pages: list[FormPage]
    data: Json = Field(description="the answers with defaults filled in and invisible fields dropped")
    errors: list[Fault] = Field(description="what would be refused now; pointers into data")
    warnings: list[Fault] = Field(description="for example a list of choices that could not be fetched")


class OptionsRequest(Request):
    entity: ShortText | None = None
    answers: dict[str, JsonValue] = {}
    search: ShortText = ""
    cursor: ShortText | None = None


class OptionView(View):
    value: JsonValue
    title: str
    detail: str | None = None


class OptionsView(View):
    options: list[OptionView]
    next_cursor: str | None


class RunRequest(Request):
    entity: ShortText | None = None
    inputs: dict[str, JsonValue] = {}
    version: ShortText | None = Field(
        default=None, description="digest of the definition that the form was filled for; refused when it has changed"
    )
    comment: LongText = Field(default="", description="why, for who decides and for the record")
    break_glass: bool = Field(
        default=False, description="an emergency: past approval, with a second person; `comment` says why"
    )


class PlanRequest(RunRequest):
    at: Moment | None = Field(default=None, description="as if it were asked then; now when left out")


class PlannedRequest(View):
    """What will be sent where."""

    step: str
    connection: str
    backend: str
    project: str
    pipeline: str
    ref: str
    commit: str
    inputs: Json
    holes: Json = Field(
        default={}, description="inputs that approvers fill in, as they are written: '${{ approvals.change.ticket }}'"
    )
    packed: list[str] = Field(description="inputs that the pipeline does not declare by name")
    packing: str | None = Field(description="how those travel, as a sentence; null: every input has its own name")
    secrets: list[str] = Field(default=[], description="names of secret inputs that its pipeline may collect, once")
    held: str | None = Field(
        default=None,
        description="files of other projects that the pipeline takes: read for the plan, and compared again before it "
        "is sent, as a sentence",
    )
    loose: str | None = Field(
        description="what else the pipeline takes from elsewhere, which was not read here and nothing holds still, as "
        "a sentence"
    )


class PlannedApproval(View):
    needed_from: list[str]
    count: int
    expires_in: float = Field(description="seconds")
    rule: str | None = Field(default=None, description="the expression that approves it in place of people")
    who: str = Field(description="'one of group:sre or whoever is on call'")
    terms: list[str] = Field(description="what else holds, a sentence each: reminders, escalation, own requests")
    asks: list[str] = Field(default=[], description="titles of what whoever approves fills in")


class PlannedBreakGlass(View):
    """An emergency: what is passed over."""

    second: str | None = Field(description="who confirms it; null: nobody")
    past: list[PlannedApproval]


class PlannedLock(View):
    key: str = Field(description="all of its keys, as a sentence names them")
    keys: list[KeyView]
    queue: str = Field(description="fifo, priority, latest, reject or replace")
    held: bool = Field(description="somebody has one of them now")
    held_by_run: str | None = Field(description="which run, when the asker may see it")
    queued: int = Field(description="of several keys, where most wait")
    expected_at: datetime | None = Field(description="about when it would be its turn; null: nobody can say")


class PlannedChange(View):
    """One entity before and after; of one that the asker may not see only what the run sets."""

    entity: str
    before: Json | None = Field(description="null: it is made; empty: it is there, and the asker may not see it")
    after: Json


class Difference(View):
    field: str
    before: JsonValue
    after: JsonValue


class PlanView(View):
    """A dry run: everything that the run would do, and when it would start."""

    digest: str
    document: Json = Field(description="the canonical plan that the digest is of")
    requests: list[PlannedRequest]
    approvals: list[PlannedApproval]
    break_glass: PlannedBreakGlass | None = None
    lock: PlannedLock | None
    changes: list[PlannedChange]
    previous_run: str | None = Field(
        description="the last successful run of this action here; null when there is none that the asker may see"
    )
    differences: list[Difference] = Field(description="inputs that differ from that run")
    freezes: list[HeldView] = Field(default=[], description="those that would hold it back at that time")
    stopped: str | None = Field(default=None, description="the global stop that is in force now, as a sentence")
    starts: str = Field(description="when it would start, as a sentence")
    starts_at: datetime | None = Field(
        default=None,
        description="the first moment when no freeze holds it; later where an approval or a lock is waited for; null: "
        "nobody can say",
    )
    undoable: bool
    why_not_undoable: str | None = Field(
        default=None,
        description="the action says nothing of it, or there is nothing to go back to; null: it is undoable",
    )
    undo: list[str] = Field(
        default=[], description="what becomes of it when it fails, what undoes each step and what cannot be undone"
    )
