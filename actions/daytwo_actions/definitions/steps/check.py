"""`uses: check`: asks again and again until something holds, and stays so."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Name, Place, StepBase
from daytwo_forms.fields import Template, Vocabulary


class Get(Vocabulary):
    """What is asked before each look: one GET."""

    service: Name = Field(description="the name of a service in the settings")
    path: Template = Field(description="below the service's address, as /api/health?of=${{ entity.name }}")
    headers: dict[Name, Template] = Field(default={}, max_length=20)


class Check(Vocabulary):
    """What has to hold, how often it is looked at, and for how long it has to hold."""

    until: Template = Field(
        description="an expression; `response.status` and `response.body` are what `get` was answered, and `entity` is "
        "read from the catalog anew at each look"
    )
    get: Get | None = None
    every: Duration = Field(default=timedelta(seconds=15), description="between two looks")
    stable: Duration | None = Field(default=None, description="it has to hold for so long without a break")


class CheckStep(StepBase):
    """Succeeds when it holds, and fails when it does not within `timeout` (30m when left out)."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.READ,)
    without: ClassVar[Mapping[str, str]] = {
        "retry": "A check looks again by itself until its `timeout`",
    }
    usual_timeout: ClassVar[timedelta] = timedelta(minutes=30)
    kept: ClassVar[frozenset[str]] = frozenset({"until"})

    uses: Literal["check"]
    with_: Check = Field(alias="with")

    @property
    def what(self) -> Check:
        return self.with_

    @property
    def ignores(self) -> Mapping[str, str]:
        mine = {"outputs": "A check without `get` leaves nothing"} if self.with_.get is None else {}
        return {**self.without, **mine}

    def places(self) -> Iterator[Place]:
        scope = Scope.ANSWER if self.with_.get is not None else Scope.STEP
        yield "until", self.with_.until, scope
        if self.with_.get is not None:
            yield "get", self.with_.get.model_dump(mode="json"), Scope.STEP
