"""`uses: temporary`: what the steps before it did lasts until a time, and is then taken back by itself."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Place, StepBase
from daytwo_actions.definitions.steps.until import Until
from daytwo_forms.fields import Vocabulary

OWNER: Final = "owner"  # the owning group of the target, as the run was accepted
Extender = Annotated[str, Field(pattern=rf"^({OWNER}|(group|person):[a-z0-9][a-z0-9._-]*)$", max_length=200)]


class Extension(Vocabulary):
    """Who may move its end, and how far. Never who asked for the run."""

    from_: list[Extender] = Field(alias="from", min_length=1, max_length=50, description="one of these is enough")
    most: Duration = Field(description="counted from its beginning, it never lasts longer than this")


class Temporary(Until):
    """Until when. One of the two."""

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
        "outputs": "It leaves nothing",
    }

    uses: Literal["temporary"]
    with_: Temporary = Field(alias="with")

    @property
    def what(self) -> Temporary:
        return self.with_

    def places(self) -> Iterator[Place]:
        yield from ((key, value, Scope.STEP) for key, value, _ in super().places() if key != "extend")
