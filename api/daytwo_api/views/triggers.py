"""Triggers, received events, and what each event caused."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from daytwo_api.views.common import Json, Permitted, Person, Request, ShortText, View
from daytwo_store.states import ReactionState, RunState


class ReactionView(View):
    """What one event caused by one trigger."""

    trigger: str
    event: str
    item: int = Field(description="number of the entry of `each`")
    turn: int = Field(description="0; of a replay, its number")
    at: datetime
    state: ReactionState
    text: str = Field(description="a sentence: what was and was not done, and why")
    by: Person | None = Field(description="who replayed it")
    run: str | None
    run_state: RunState | None


class TriggerView(View):
    id: str
    title: str
    description: str
    owner: str = Field(description="in whose name its runs are asked for, with the rights of that moment")
    action: str
    listens: str = Field(
        description="a source of events in the settings; daytwo:catalog, daytwo:runs: what happens here"
    )
    spec: Json
    state: Literal["active", "paused"]
    text: str
    paused_why: str | None
    paused_by: Person | None
    failures: int = Field(description="runs in a row that did not succeed")
    changed_at: datetime
    may_pause: Permitted = Field(description="and resume, and replay")


class EventSummary(View):
    id: str
    source: str
    delivery: str = Field(description="the sender's name of it")
    key: str | None
    received_at: datetime
    caused: list[ReactionView] = Field(description="empty: it meant nothing to any trigger")


class EventDetail(EventSummary):
    payload: Json


class ReplayRequest(Request):
    event: ShortText = Field(description="its id, as e_…")


class Replayed(View):
    begins: int = Field(description="how many runs are asked for now")
    caused: list[ReactionView]
