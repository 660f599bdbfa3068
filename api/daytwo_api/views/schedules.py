"""Schedules, when they are due, and what came of each time."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from daytwo_api.views.common import Json, LongText, Permitted, Person, Request, ShortText, View
from daytwo_store.states import FiringState, RunState


class TimeView(View):
    """A time at which it is due."""

    at: datetime
    local: str = Field(description="on the clocks of its zone: 'Sun 28 Mar 2027 03:00 CEST'")
    note: str | None = Field(description="what the change of the clocks has to do with it")


class FiringView(View):
    """What came of one time at which it was due."""

    at: datetime = Field(description="when it was due, whenever it began")
    state: FiringState
    text: str = Field(description="a sentence: what was and was not done, and why")
    count: int = Field(description="of several that were missed together: how many")
    last_at: datetime | None = Field(description="and when the last of them was due")
    by: Person | None = Field(description="who began it by hand; null: it was due")
    run: str | None
    run_state: RunState | None


class SchedulePermissions(View):
    """What the asker may do with it."""

    change: Permitted
    pause: Permitted
    remove: Permitted
    take: Permitted
    run: Permitted


class ScheduleView(View):
    id: str = Field(description="its name in the file, or an id of ours")
    title: str
    description: str
    owner: str = Field(description="in whose name its runs are asked for, with the rights of that moment")
    action: str
    entity: str | None
    spec: Json = Field(description="what is asked for, when, and what if it cannot be, as in a schedule file")
    from_file: bool = Field(description="it stands in a file of the company and is changed there")
    state: Literal["active", "paused", "over"]
    text: str = Field(description="a sentence: 'due next on Sun 28 Mar 2027 03:00 CEST'")
    paused_why: str | None
    paused_by: Person | None
    failures: int = Field(description="runs in a row that did not succeed")
    next_at: datetime | None
    upcoming: list[TimeView] = Field(description="the next times: ten of one schedule, one in a list")
    last: FiringView | None = Field(description="the last time that it was due")
    changed_at: datetime
    may: SchedulePermissions


class ScheduleRequest(Request):
    title: ShortText = Field(min_length=1)
    description: LongText = ""
    spec: dict[str, JsonValue] = Field(description="as in a schedule file; the owner is who sends it")


class ScheduleChange(Request):
    """What is left out stays. Keys of `spec` are replaced one by one; with null they go."""

    title: ShortText | None = Field(default=None, min_length=1)
    description: LongText | None = None
    spec: dict[str, JsonValue] | None = None


class PreviewRequest(Request):
    """A cron expression, or one time, on the clocks of a zone."""

    cron: ShortText | None = None
    at: ShortText | None = None
    timezone: ShortText


class PreviewView(View):
    upcoming: list[TimeView]
    text: str = Field(description="a sentence; of one that is over, that it is")
