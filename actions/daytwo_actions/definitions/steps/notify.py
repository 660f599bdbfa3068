"""`uses: notify`: tells people something."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from daytwo_actions.definitions.steps.common import Effect, StepBase
from daytwo_forms.fields import Template, Vocabulary

Told = Annotated[
    str,
    Field(
        pattern=r"^(requester|owner|(group|person):[a-z0-9][a-z0-9._-]*)$",
        max_length=200,
        description="requester, owner (the owning group of the target), group:<name> or person:<name>",
    ),
]


class Notify(Vocabulary):
    """Whom, and what. How it reaches them is a matter of the settings."""

    to: list[Told] = Field(min_length=1, max_length=20)
    text: Template = Field(description="plain text")


class NotifyStep(StepBase):
    """Written down with the step's end and sent by itself; that nobody can be told never fails a run."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.IDEMPOTENT,)
    without: ClassVar[Mapping[str, str]] = {
        "retry": "Messages are tried again by themselves",
        "timeout": "Telling people is done at once",
        "outputs": "Telling people leaves nothing",
    }

    uses: Literal["notify"]
    with_: Notify = Field(alias="with")

    @property
    def what(self) -> Notify:
        return self.with_
