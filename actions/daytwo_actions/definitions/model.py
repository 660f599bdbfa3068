"""An action file, design §5: the shape of every key. What the keys mean together is checked in `check.py`.

The published JSON Schema is made from these models, so their descriptions are what an editor shows.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, JsonValue
from pydantic import Tag as Member

from daytwo_actions.definitions.approval_stage import ApprovalStage, Form
from daytwo_actions.definitions.approvers import ROLE, Approver
from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.steps.kinds import AnyStep
from daytwo_actions.definitions.upsert import Upsert
from daytwo_forms.fields import FieldName, KindName, Line, Template, Text, Vocabulary, json_type

API_VERSION: Final = "daytwo/v1"
NAME: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ActionId = Annotated[str, Field(pattern=NAME, max_length=63)]
Tag = Annotated[str, Field(pattern=NAME, max_length=63)]
GroupRef = Annotated[str, Field(pattern=r"^group:[a-z0-9][a-z0-9._-]*$", max_length=200)]
Asker = Annotated[
    str,
    Field(
        pattern=rf"^(owner|everyone|(group|person):[a-z0-9][a-z0-9._-]*|{ROLE}|\$\{{\{{.+\}}\}})$",
        max_length=1000,
        description="owner (the owning group of the target), everyone, group:<name>, person:<name>, role:<name>, or an "
        "expression between ${{ }} that is true for who is meant",
    ),
]
Second = Annotated[str, Field(pattern=r"^(none|owner|(group|person):[a-z0-9][a-z0-9._-]*)$", max_length=200)]


LockPriority = Annotated[
    Annotated[int, Field(ge=-1000, le=1000), Member("(whole)")] | Annotated[Template, Member("(text)")],
    Discriminator(json_type),
]


class Operation(StrEnum):
    CREATE = "create"
    DAY_2 = "day-2"
    DELETE = "delete"


class Metadata(Vocabulary):
    name: ActionId
    title: Line
    description: Text = ""
    tags: list[Tag] = Field(default=[], max_length=20)
    owner: GroupRef | None = Field(default=None, description="the group that looks after this definition")


class Target(Vocabulary):
    """Entities that the action is offered on; the form and the expressions then know `entity`."""

    kind: KindName


class Allow(Vocabulary):
    run: list[Asker] = Field(min_length=1, max_length=50, description="who may start it; one of these is enough")
    see: list[Asker] | None = Field(
        default=None, min_length=1, max_length=50, description="who sees that it exists; everybody when left out"
    )


class BreakGlass(Vocabulary):
    """In an emergency: at once, past approval. A second person confirms, and somebody else reviews it afterwards."""

    allow: list[Approver] = Field(min_length=1, max_length=50, description="who may do it; one of these is enough")
    second: Second = Field(
        description="who confirms it within `expires`: owner, group:<name> or person:<name>, never who asks; "
        "none: nobody does, and everybody is told so"
    )
    expires: Duration = Field(default=timedelta(minutes=15), description="how long the second person has")


class CatalogChange(Vocabulary):
    """Written in the transaction that ends a successful run."""

    upsert: Upsert


class Undo(Vocabulary):
    """The same action with other inputs; those that are not named stay as they were, and null leaves one out."""

    inputs: dict[FieldName, JsonValue] = Field(min_length=1)


Key = Annotated[Template, Field(description="text with ${{ }}, or one expression that gives a list of texts")]
Keys = Annotated[list[Key], Field(min_length=1, max_length=20)]


class LockQueue(StrEnum):
    FIFO = "fifo"
    PRIORITY = "priority"
    LATEST = "latest"
    REJECT = "reject"
    REPLACE = "replace"


class Lock(Vocabulary):
    """One run at a time holds a key. A run that needs several has all of them or none."""

    keys: Keys
    queue: LockQueue = Field(
        default=LockQueue.FIFO,
        strict=False,
        description=(
            "when a key is taken. fifo: waits for its turn; priority: before those with a lower number; latest: older "
            "waiting runs of this action on the same entity are superseded; reject: is refused; replace: the holder is "
            "asked to stop"
        ),
    )
    priority: LockPriority | None = Field(
        default=None, description="-1000 to 1000, or an expression; higher goes first; with queue: priority"
    )


def lock_kind(value: object) -> str:
    """Which form of `lock` is meant."""
    if isinstance(value, dict | Lock):
        return "(lock)"
    return "(list)" if isinstance(value, list) else "(text)"


class Spec(Vocabulary):
    operation: Operation = Field(strict=False)
    target: Target | None = None
    form: Form = Form()
    allow: Allow
    approval: list[ApprovalStage] = Field(default=[], max_length=10, description="stages, in order")
    break_glass: BreakGlass | None = Field(default=None, description="left out: nobody goes past approval")
    lock: (
        Annotated[
            Annotated[Template, Member("(text)")]
            | Annotated[Keys, Member("(list)")]
            | Annotated[Lock, Member("(lock)")],
            Discriminator(lock_kind),
        ]
        | None
    ) = Field(default=None, description="one run at a time holds a key; text with ${{ }}, a list of keys, or an object")
    steps: list[AnyStep] = Field(min_length=1, max_length=50)
    on_error: Literal["stop", "undo", "ask"] = Field(
        default="stop",
        description="when the run fails or is cancelled. stop: what its steps have done stays; undo: it is undone, the "
        "last first; ask: somebody is asked which of the two",
    )
    catalog: list[CatalogChange] = Field(default=[], max_length=50)
    undo: Undo | None = None

    @property
    def locking(self) -> Lock | None:
        """`lock` in its long form, however it was written."""
        if self.lock is None or isinstance(self.lock, Lock):
            return self.lock
        return Lock(keys=[self.lock] if isinstance(self.lock, str) else self.lock)


class Action(Vocabulary):
    """Something that people may run."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["Action"]
    metadata: Metadata
    spec: Spec
