"""`uses: action`: another action is run, and keeps what is its own."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from daytwo_actions.definitions.steps.common import Effect, StepBase
from daytwo_forms.fields import FieldName, Template, Vocabulary

ActionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]


class Call(Vocabulary):
    """Which action, on what, with what."""

    action: ActionName = Field(description="the name of the action; it may be called as far as who asked may run it")
    entity: Template | None = Field(
        default=None, description="ref of its target; left out: the target of this run, where it has the same kind"
    )
    inputs: dict[FieldName, JsonValue] = Field(default={}, max_length=100, description="values may contain ${{ }}")


class CallStep(StepBase):
    """A run of its own, linked with this one. Its approvals, locks, timeouts and undo are its own."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.CHECKABLE,)
    usual_timeout: ClassVar[timedelta] = timedelta(hours=24)
    without: ClassVar[Mapping[str, str]] = {"retry": "What is tried again in a called action is said there"}

    @property
    def call(self) -> Call:
        call = self.what
        assert isinstance(call, Call)
        return call

    @property
    def calls(self) -> Mapping[str, Call]:
        """All that it may run, by where it stands in the step."""
        return {"with": self.call}


class ActionStep(CallStep):
    """Succeeds as the run does."""

    uses: Literal["action"]
    with_: Call = Field(alias="with")

    @property
    def what(self) -> Call:
        return self.with_
