"""A schedule file: the shape of every key. What the keys mean together is checked in `load.py`."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.model import ActionId
from daytwo_actions.freezes.model import FREEZE_NAME, EntityName, Moment, PersonRef
from daytwo_forms.fields import FieldName, Line, Text, Vocabulary

ScheduleId = Annotated[str, Field(pattern=FREEZE_NAME, max_length=63)]


class ScheduleMetadata(Vocabulary):
    name: ScheduleId
    title: Line
    description: Text = ""
    owner: PersonRef = Field(description="whose runs these are: with this person's rights, as they are when it is due")


class ScheduleSpec(Vocabulary):
    action: ActionId
    entity: EntityName | None = Field(default=None, description="what the runs are about")
    inputs: dict[FieldName, JsonValue] = Field(default={}, description="as in the form; no secrets, no expressions")
    cron: Line | None = Field(
        default=None, description="minute, hour, day of the month, month, day of the week: 30 2 * * mon-fri"
    )
    at: Moment | None = Field(default=None, description="once, on the clocks of `timezone` or with an offset")
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="as Europe/Berlin")
    overlap: Literal["skip", "queue", "allow"] = Field(
        default="skip",
        description="while a run of before has not ended. skip: this one is left out; queue: it begins when that has "
        "ended, and one waits at most; allow: it begins beside it",
    )
    catch_up: Duration = Field(default=timedelta(minutes=10), description="how late it may still begin")
    missed: Literal["skip", "once"] = Field(
        default="skip",
        description="what is later than `catch_up`. skip: it is left out, and the owner is told; once: of all that was "
        "missed, the last begins late",
    )
    pause_after: Annotated[int, Field(ge=1, le=100)] = Field(
        default=3, description="so many runs in a row that did not succeed pause it"
    )


class Schedule(Vocabulary):
    """Asks for runs of an action when they are due, in the name of its owner."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["Schedule"]
    metadata: ScheduleMetadata
    spec: ScheduleSpec
