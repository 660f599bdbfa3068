"""What people do in the middle of a run."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from daytwo_api.views.approvals import PersonRef
from daytwo_api.views.common import LongText, Permitted, Person, Request, View
from daytwo_store.states import TaskState

Key = Annotated[str, Field(max_length=64)]


class LeftValue(View):
    """What somebody filled in at a task."""

    name: str
    title: str
    value: JsonValue
    evidence: bool = Field(description="it shows that it was done")


class TaskSummary(View):
    id: str
    kind: Literal["task", "input"] = Field(description="task: something is done by hand; input: values are given")
    run: str
    step: str
    action: str
    action_title: str
    entity: str | None
    requester: Person
    state: TaskState
    text: str = Field(description="how it stands, as 'waits for group:sre' or 'done by Sam'")
    needed_from: list[str]
    who: str = Field(description="'group:sre or whoever is on call'")
    four_eyes: bool = Field(description="never who asked for the run, nor who last changed the action's file")
    created_at: datetime
    due_at: datetime
    ends_at: datetime = Field(description="nobody does it later: its step fails then")
    overdue: bool
    escalated_at: datetime | None = Field(description="since when others are asked, too")
    claimed_by: str | None = Field(description="ref of the person who has taken it")
    claimed_at: datetime | None
    yours: bool = Field(description="you have taken it")
    may_do: Permitted
    does_for: Person | None = Field(default=None, description="whose right the asker would use: a delegation's")


class TaskView(TaskSummary):
    instructions: str | None = Field(description="what is to be done: Markdown, to be shown as text")
    asks: bool = Field(description="it has a form: POST …/form")
    left: list[LeftValue] = Field(description="what was filled in")
    words: str | None = Field(description="what whoever ended it says")
    settled_by: Person | None
    settled_at: datetime | None


class ClaimRequest(Request):
    over: bool = Field(default=False, description="also when somebody else has taken it")


class HandOverRequest(Request):
    to: PersonRef | None = Field(description="one of those who may do it; null: back to all of them")


class CompleteRequest(Request):
    answers: dict[Key, JsonValue] = Field(default={}, description="what its form asks for, evidence too")
    words: LongText = ""


class FailRequest(Request):
    words: LongText = Field(description="why it cannot be done")


class CompleteAnswer(View):
    """The task afterwards; `repeated` when it was done before, by this person with these answers."""

    task: TaskView
    repeated: bool
