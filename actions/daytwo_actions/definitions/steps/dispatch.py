"""`uses: <a connection>`: starts one pipeline and follows it to its end."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field, JsonValue

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Name, Place, StepBase
from daytwo_forms.fields import Template, Vocabulary

SecretName = Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*\.)?[A-Za-z][A-Za-z0-9_]*$", max_length=128)]


class Dispatch(Vocabulary):
    """What is started. The keys mean the same on every backend."""

    project: Template = Field(description="repository, project path or namespace")
    pipeline: Template = Field(default="", description="workflow file or template name; GitLab has none")
    ref: Template = Field(default="", description="branch or tag that the pipeline is taken from; Argo has none")
    inputs: dict[Name, JsonValue] = Field(default={}, max_length=100, description="values may contain ${{ }}")


class DispatchStep(StepBase):
    """Starts one pipeline and follows it to its end."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.CHECKABLE, Effect.IDEMPOTENT, Effect.ONCE)

    uses: Name = Field(description="the name of a connection")
    with_: Dispatch = Field(alias="with")
    timeout: Duration | None = Field(default=timedelta(hours=1), description="how long the pipeline may take")
    secrets: list[SecretName] = Field(
        default=[],
        max_length=50,
        description="secret fields of the form, or of a step as access.token, that its pipeline may collect, once",
    )
    protected: bool = Field(
        default=False,
        description="what it gets from earlier steps is approved again, by those of `approval`, before it is sent",
    )

    @property
    def what(self) -> Dispatch:
        return self.with_

    def places(self) -> Iterator[Place]:
        for key, value, scope in super().places():
            yield key, value, Scope.INPUTS if key == "inputs" else scope
