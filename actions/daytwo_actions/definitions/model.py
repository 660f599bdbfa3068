"""An action file, design §5: the shape of every key. What the keys mean together is checked in `check.py`.

The published JSON Schema is made from these models, so their descriptions are what an editor shows.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, JsonValue
from pydantic import Tag as Member

from daytwo_actions.definitions.approvers import ROLE, Approver, AskedFor, Escalate, Reminder
from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.steps.kinds import AnyStep
from daytwo_actions.definitions.upsert import Upsert
from daytwo_forms.fields import FieldName, Flag, KindName, Line, Page, Template, Text, Vocabulary, json_type

API_VERSION: Final = "daytwo/v1"
NAME: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ActionId = Annotated[str, Field(pattern=NAME, max_length=63)]
Tag = Annotated[str, Field(pattern=NAME, max_length=63)]
StageId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63, description="as in approvals.<id>.<field>")]
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
ALL: Final = "all"
Count = Annotated[
    Annotated[int, Field(ge=1, le=20), Member("(whole)")] | Annotated[Literal["all"], Member("(text)")],
    Discriminator(json_type),
]


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


class Form(Vocabulary):
    pages: list[Page] = []


class Allow(Vocabulary):
    run: list[Asker] = Field(min_length=1, max_length=50, description="who may start it; one of these is enough")
    see: list[Asker] | None = Field(
        default=None, min_length=1, max_length=50, description="who sees that it exists; everybody when left out"
    )


class ApprovalStage(Vocabulary):
    """Decisions that are needed before anything is sent. A stage opens when the one before it is approved."""

    id: StageId | None = Field(default=None, description="names the stage; needed where it has a form")
    form: Form = Field(
        default=Form(),
        description="what whoever approves fills in with the decision; inputs of steps know it as "
        "approvals.<id>.<field>",
    )
    when: Flag = Field(default=True, description="needed when true, and when it cannot be worked out")
    from_: list[AskedFor] = Field(alias="from", min_length=1, max_length=50)
    count: Count = Field(default=1, description="how many different people; all: everybody who is asked")
    expires: Duration = Field(default=timedelta(hours=24), description="how long this stage is open")
    again: bool = Field(
        default=False, description="whoever approved an earlier stage may approve this one, too, and counts again"
    )
    self_approval: bool = Field(
        default=False, description="who asks for the run may approve it, too; the plan, the audit and the page say so"
    )
    editor_approval: bool = Field(
        default=False,
        description="who last changed this file may approve, too; the plan, the audit and the page say so",
    )
    reason: list[Literal["approve", "reject"]] = Field(
        default=["reject"], max_length=2, description="decisions that need a reason"
    )
    remind: list[Reminder] = Field(
        default=[], max_length=10, description="when those who are asked are reminded: a share of the time, or a time"
    )
    escalate: Escalate | None = Field(default=None, description="who else is asked when nobody decides")
    auto: Template | None = Field(
        default=None,
        description="when true, this rule approves the stage in place of people; when false, or when it cannot be "
        "worked out, people decide",
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
    """The same action with other inputs; those that are not named stay as they were."""

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
