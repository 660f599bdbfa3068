"""A freeze file: the shape of every key. What the keys mean together is checked in `load.py`."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.model import ActionId, GroupRef
from daytwo_actions.definitions.steps.common import Name
from daytwo_forms.fields import Flag, KindName, Line, Scalar, Text, Vocabulary

FREEZE_NAME: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
PersonRef = Annotated[str, Field(pattern=r"^person:[a-z0-9][a-z0-9._-]*$", max_length=200)]
EntityName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*:[^\s:]+$", max_length=200)]
Doing = Literal["create", "day-2", "delete", "rollback", "undo"]
Moment = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?$",
        description="2027-01-02T08:00 on the clocks of `timezone`, or with an offset",
    ),
]
LocalTime = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$",
        description="2026-01-02T16:00 on the clocks of `timezone`",
    ),
]


class FreezeMetadata(Vocabulary):
    name: Annotated[str, Field(pattern=FREEZE_NAME, max_length=63)]
    title: Line
    description: Text = ""
    owner: GroupRef = Field(description="the group that grants exceptions")


class Calendar(Vocabulary):
    """Windows that come again and again, on the clocks of `timezone`."""

    start: LocalTime = Field(description="when the first window begins")
    rule: Line = Field(min_length=1, description="RRULE of RFC 5545, as FREQ=WEEKLY;BYDAY=FR")
    duration: Duration = Field(description="how long each is, on the clock: 64h from Friday 16:00 is Monday 08:00")


class Selector(Vocabulary):
    """Which dispatches it is about. Everything that is named has to match; what is left out matches everything."""

    kinds: list[KindName] | None = Field(default=None, min_length=1, max_length=50, description="of the target")
    entities: list[EntityName] | None = Field(
        default=None, min_length=1, max_length=200, description="the target or an entity among the inputs"
    )
    tiers: list[Scalar] | None = Field(
        default=None, min_length=1, max_length=50, description="property `tier` of the target or of an environment"
    )
    environments: list[Name] | None = Field(default=None, min_length=1, max_length=50, description="by their names")
    actions: list[ActionId] | None = Field(default=None, min_length=1, max_length=200)
    operations: list[Doing] | None = Field(default=None, min_length=1, max_length=5)
    labels: list[Name] | None = Field(
        default=None, min_length=1, max_length=50, description="tags of the action, `labels` of the target"
    )
    when: Flag = Field(default=True, description="asked last; what cannot be worked out is frozen")


class LetThrough(Vocabulary):
    """What goes on in spite of it."""

    groups: list[GroupRef] = Field(default=[], max_length=50, description="runs that their members ask for")
    people: list[PersonRef] = Field(default=[], max_length=50)
    actions: list[ActionId] = Field(default=[], max_length=200)
    rollback: bool = Field(default=False, description="actions called or tagged rollback")
    undo: bool = Field(default=False, description="runs that undo another one")
    break_glass: bool = Field(default=False, description="runs that break the glass")


class FreezeSpec(Vocabulary):
    reason: Line = Field(min_length=1, description="shown to everybody who has to wait")
    from_: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None
    timezone: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="as Europe/Berlin")
    calendar: Calendar | None = None
    frozen: Literal["inside", "outside"] = Field(
        default="inside", description="outside: nothing is dispatched except inside the windows"
    )
    where: Selector = Selector()
    except_: LetThrough = Field(default=LetThrough(), alias="except")


class Freeze(Vocabulary):
    """Windows of time in which what the selector names is not dispatched."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["Freeze"]
    metadata: FreezeMetadata
    spec: FreezeSpec


def parse_moment(text: str) -> datetime:
    """Aware when it has an offset, else naive. Raises ValueError for a date that does not exist."""
    return datetime.fromisoformat(text)
