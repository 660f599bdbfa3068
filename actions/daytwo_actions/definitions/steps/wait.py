"""`uses: wait`: for so long, or until a time."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from daytwo_actions.definitions.steps.common import Effect, StepBase
from daytwo_forms.fields import Line, Template, Vocabulary


class Wait(Vocabulary):
    """How long. One of the two."""

    for_: Template | None = Field(default=None, alias="for", description="as 10m, or an expression that gives that")
    until: Template | None = Field(
        default=None,
        description="a time, as 2026-12-01T02:00:00Z, or the next time that the clocks of `zone` show, as 02:00",
    )
    zone: Line | None = Field(default=None, description="as Europe/Berlin; needed with a time of the clock")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.for_ is None) == (self.until is None):
            raise ValueError("A wait has `for` or `until`, and one of them only")
        return self


class WaitStep(StepBase):
    """Waits, and has then succeeded. Survives whatever dies meanwhile; a time that has passed is over at once."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.READ,)
    without: ClassVar[Mapping[str, str]] = {
        "retry": "A wait cannot fail for certain and succeed later",
        "timeout": "A wait takes as long as `for` or `until` says",
    }

    uses: Literal["wait"]
    with_: Wait = Field(alias="with")

    @property
    def what(self) -> Wait:
        return self.with_
