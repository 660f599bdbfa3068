"""One stage of an approval: the shape of its keys."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field
from pydantic import Tag as Member

from daytwo_actions.definitions.approvers import AskedFor, Escalate, Reminder
from daytwo_actions.definitions.durations import Duration
from daytwo_forms.fields import Flag, Page, Template, Vocabulary, json_type

ALL: Final = "all"
Count = Annotated[
    Annotated[int, Field(ge=1, le=20), Member("(whole)")] | Annotated[Literal["all"], Member("(text)")],
    Discriminator(json_type),
]
StageId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63, description="as in approvals.<id>.<field>")]


class Form(Vocabulary):
    pages: list[Page] = []


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
        default=False,
        description="who asks for the run, or fills in values of it, may approve it, too; the plan, the audit and the "
        "page say so",
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
