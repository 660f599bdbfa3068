"""`uses: temporary`: what the steps before it did lasts until a time, and is then taken back by itself."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Place, StepBase
from daytwo_forms.fields import Line, Template, Vocabulary

Extender = Annotated[str, Field(pattern=r"^(group|person):[a-z0-9][a-z0-9._-]*$", max_length=200)]


class Extension(Vocabulary):
    """Who may move its end, and how far. Never who asked for the run."""

    from_: list[Extender] = Field(alias="from", min_length=1, max_length=50, description="one of these is enough")
    most: Duration = Field(description="counted from its beginning, it never lasts longer than this")


class Temporary(Vocabulary):
    """Until when. One of the two."""

    for_: Template | None = Field(default=None, alias="for", description="as 4h, or an expression that gives that")
    until: Template | None = Field(
        default=None,
        description="a time, as 2026-12-01T02:00:00Z, or the next time that the clocks of `zone` show, as 02:00",
    )
    zone: Line | None = Field(default=None, description="as Europe/Berlin; needed with a time of the clock")
    extend: Extension | None = Field(default=None, description="left out: nobody moves its end")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.for_ is None) == (self.until is None):
            raise ValueError("It has `for` or `until`, and one of them only")
        return self


class TemporaryStep(StepBase):
    """Lasts until its time is over or somebody gives it back; then the run undoes what it has done, and ends."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.READ,)
    without: ClassVar[Mapping[str, str]] = {
        "retry": "It cannot fail for certain and succeed later",
        "timeout": "It takes as long as `for` or `until` says",
        "undo": "It undoes what the steps before it did",
    }

    uses: Literal["temporary"]
    with_: Temporary = Field(alias="with")

    @property
    def what(self) -> Temporary:
        return self.with_

    def places(self) -> Iterator[Place]:
        yield from ((key, value, Scope.STEP) for key, value, _ in super().places() if key != "extend")
