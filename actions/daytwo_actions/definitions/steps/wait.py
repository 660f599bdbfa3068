"""`uses: wait`: for so long, until a time, until a window opens, or for an event."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Name, Place, StepBase
from daytwo_actions.definitions.steps.until import Until
from daytwo_forms.fields import Template, Vocabulary

_PATIENCE: Final = timedelta(hours=24)  # with what nobody knows the time of


class AwaitedEvent(Vocabulary):
    """Which event: one of a source, with this key."""

    source: Name = Field(description="the name of a source of events in the settings")
    key: Template = Field(description="what it is about, as ${{ inputs.ticket }}")


class Wait(Until):
    """How long. One of the four."""

    window: Literal["open"] | None = Field(default=None, description="until no freeze holds this action back")
    event: AwaitedEvent | None = Field(
        default=None, description="for an event of another system; one that came since the run was asked for counts"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.for_, self.until, self.window, self.event)) != 1:
            raise ValueError("A wait has `for`, `until`, `window` or `event`, and one of them only")
        return self


class WaitStep(StepBase):
    """Waits, and has then succeeded. Survives whatever dies meanwhile; a time that has passed is over at once."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.READ,)
    without: ClassVar[Mapping[str, str]] = {"retry": "A wait cannot fail for certain and succeed later"}

    uses: Literal["wait"]
    with_: Wait = Field(alias="with")

    @property
    def what(self) -> Wait:
        return self.with_

    @property
    def timed(self) -> bool:
        """Is its end a moment that is known when it begins?"""
        return self.with_.window is None and self.with_.event is None

    @property
    def limit(self) -> timedelta:
        return super().limit if self.timed else self.timeout or _PATIENCE

    @property
    def ignores(self) -> Mapping[str, str]:
        mine = {"timeout": "A wait takes as long as `for` or `until` says"} if self.timed else {}
        nothing = {"outputs": "A wait for no event leaves nothing"} if self.with_.event is None else {}
        return {**self.without, **mine, **nothing}

    def places(self) -> Iterator[Place]:
        yield from ((key, value, Scope.STEP) for key, value, _ in super().places() if key != "window")
