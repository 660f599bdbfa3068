"""`uses: approval`: people decide in the middle of a run, as they do before it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from daytwo_actions.definitions.approval_stage import ApprovalStage, Count
from daytwo_actions.definitions.approvers import AskedFor, Escalate, Reminder
from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Place, StepBase
from daytwo_forms.fields import Template, Vocabulary


class Ask(Vocabulary):
    """Whom, and until when. The keys mean what they mean in `approval`."""

    from_: list[AskedFor] = Field(alias="from", min_length=1, max_length=50)
    text: Template | None = Field(default=None, description="what is to be decided, in a sentence or two")
    count: Count = Field(default=1, description="how many different people; all: everybody who is asked")
    expires: Duration = Field(default=timedelta(hours=24), description="how long it may be decided")
    self_approval: bool = Field(
        default=False, description="who asked for the run or filled in values of it may decide, too"
    )
    editor_approval: bool = Field(default=False, description="who last changed this file may decide, too")
    reason: list[Literal["approve", "reject"]] = Field(default=["reject"], max_length=2)
    remind: list[Reminder] = Field(default=[], max_length=10)
    escalate: Escalate | None = None

    @property
    def stage(self) -> ApprovalStage:
        return ApprovalStage.model_validate(self.model_dump(by_alias=True, exclude={"text"}, exclude_unset=True))


class ApprovalStep(StepBase):
    """Succeeds when it is approved; a rejection, or no decision in time, fails it."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.READ,)
    without: ClassVar[Mapping[str, str]] = {
        "retry": "People are asked once",
        "timeout": "How long people may decide is `expires` in its `with`",
        "outputs": "A decision leaves nothing; a `task` asks for values",
    }
    kept: ClassVar[frozenset[str]] = frozenset({"from"})

    uses: Literal["approval"]
    with_: Ask = Field(alias="with")

    @property
    def what(self) -> Ask:
        return self.with_

    def places(self) -> Iterator[Place]:
        yield "text", self.with_.text, Scope.STEP
