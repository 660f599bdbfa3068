"""Freezes, exceptions to them, and the global stop."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from daytwo_api.views.common import Json, LongText, Moment, Permitted, Person, Request, ShortText, View
from daytwo_store.states import ExceptionState


class PeriodView(View):
    start: datetime
    end: datetime


class FreezeView(View):
    id: str = Field(description="its name in the file, or an id of ours")
    title: str
    description: str
    owner: str = Field(description="the group that grants exceptions")
    reason: str
    spec: Json = Field(description="when, what and what goes on all the same, as in a freeze file")
    from_file: bool = Field(description="it stands in a file of the company and is changed there")
    made_by: Person | None
    changed_at: datetime
    frozen_now: bool = Field(description="it holds what its selector matches, at this moment")
    until: datetime | None = Field(description="when that changes; null when nobody can say")
    text: str = Field(description="a sentence: 'holds until 4 Jan 2027 08:00 Europe/Berlin'")
    occurrences: list[PeriodView] = Field(
        description="its windows in the stretch of time that was asked for; of `frozen: outside` the open ones"
    )


class FreezeRequest(Request):
    title: ShortText = Field(min_length=1)
    description: LongText = ""
    owner: ShortText = Field(description="a group, as group:sre")
    spec: dict[str, JsonValue] = Field(description="as in a freeze file; without `from` it begins at once")


class FreezeChange(Request):
    """What is left out stays. Keys of `spec` are replaced one by one; with null they go."""

    title: ShortText | None = None
    description: LongText | None = None
    owner: ShortText | None = None
    spec: dict[str, JsonValue] | None = None


class HeldView(View):
    """A freeze that holds a run back."""

    freeze: str
    title: str
    owner: str
    reason: str
    until: datetime | None = Field(description="null when nobody can say")
    note: str | None = Field(description="what of it could not be worked out; then it counts as frozen")
    text: str = Field(description="'the freeze 'Year end' to end on 4 Jan 2027 08:00 Europe/Berlin'")


class StopView(View):
    """The global stop: nothing is dispatched anywhere."""

    stopped: bool
    reason: str | None
    by: Person | None
    at: datetime | None
    text: str


class StopRequest(Request):
    reason: LongText = Field(min_length=1)


class ExceptionRequest(Request):
    freeze: ShortText
    reason: LongText = Field(min_length=1, description="why it cannot wait")


class ExceptionDecision(Request):
    verdict: Literal["grant", "refuse"]
    until: Moment | None = Field(default=None, description="when a granted exception ends")
    comment: LongText = ""


class ExceptionEnd(Request):
    reason: LongText = ""


class ExceptionView(View):
    id: str
    run: str
    action: str
    entity: str | None
    freeze: str
    title: str = Field(description="of the freeze")
    owner: str
    state: ExceptionState
    text: str = Field(description="'granted by Sam until 24 Dec 2026 12:00 UTC'")
    reason: str
    asked_by: Person
    asked_at: datetime
    decided_by: Person | None
    decided_at: datetime | None
    comment: str | None
    until: datetime | None
    void: bool = Field(description="what the run would do has changed since, so it does not count")
    may_decide: Permitted
    may_revoke: Permitted
