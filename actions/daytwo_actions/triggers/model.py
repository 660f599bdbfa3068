"""A trigger file: the shape of every key. What the keys mean together is checked in `load.py`."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.model import ActionId
from daytwo_actions.freezes.model import FREEZE_NAME, PersonRef
from daytwo_forms.fields import FieldName, Flag, KindName, Line, Template, Text, Vocabulary
from daytwo_store.triggers import CATALOG, RUNS

Change = Literal["created", "changed", "deleted"]
End = Literal["succeeded", "failed", "cancelled", "rejected", "expired", "withdrawn", "refused", "superseded"]


class TriggerMetadata(Vocabulary):
    name: Annotated[str, Field(pattern=FREEZE_NAME, max_length=63)]
    title: Line
    description: Text = ""
    owner: PersonRef = Field(description="whose runs these are: with this person's rights, as they are then")


class On(Vocabulary):
    """What it listens to. One of `event`, `catalog` and `run`."""

    event: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=63)] | None = Field(
        default=None, description="a source of events, by its name in the settings"
    )
    catalog: KindName | None = Field(default=None, description="entities of this kind")
    changes: list[Change] | None = Field(default=None, min_length=1, max_length=3, description="of an entity")
    expired: FieldName | None = Field(
        default=None, description="a property with a time, as 2026-12-01T02:00:00Z, that is over"
    )
    run: ActionId | None = Field(default=None, description="runs of this action")
    ended: list[End] | None = Field(default=None, min_length=1, max_length=8, description="that have ended so")

    @property
    def source(self) -> str:
        if self.event is not None:
            return self.event
        return CATALOG if self.catalog is not None else RUNS


class TriggerSpec(Vocabulary):
    on: On
    each: Template | None = Field(
        default=None, description="an expression that gives a list: each entry is `item`, and answered by itself"
    )
    when: Flag = Field(default=True, description="asked of each; what cannot be worked out starts nothing")
    key: Template | None = Field(default=None, description="what is one thing to `throttle`")
    throttle: Duration | None = Field(default=None, description="of one key, so long after one that began none begins")
    most: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=20, description="runs in an hour; what is more is a flood"
    )
    action: ActionId
    entity: Template | None = Field(
        default=None, description="what the run is about, as service:${{ item.labels.app }}"
    )
    inputs: dict[FieldName, JsonValue] = Field(default={}, description="as in the form, with expressions; no secrets")
    pause_after: Annotated[int, Field(ge=1, le=100)] = Field(
        default=3, description="so many runs in a row that did not succeed pause it"
    )


class Trigger(Vocabulary):
    """Asks for runs of an action when something has happened, in the name of its owner."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["Trigger"]
    metadata: TriggerMetadata
    spec: TriggerSpec
