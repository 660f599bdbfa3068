"""`uses: http`: one request to a service."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Name, Place, StepBase
from daytwo_forms.fields import Template, Vocabulary


class Probe(Vocabulary):
    """How to find out whether it has happened, when no answer says so: one GET."""

    path: Template
    done: Template = Field(description="an expression on `response`: true when it has happened")


class Request(Vocabulary):
    """What is sent. Headers and body may name `secrets.<name>`, and nothing else may."""

    service: Name = Field(description="the name of a service in the settings")
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    path: Template = Field(description="below the service's address")
    headers: dict[Name, Template] = Field(default={}, max_length=20)
    body: JsonValue = Field(default=None, description="sent as JSON")
    key: Name = Field(
        default="Idempotency-Key", description="with `effect: idempotent`: the header that carries the step's own key"
    )
    expect: Template = Field(
        default="${{ response.status < 300 }}", description="an expression on `response`: true when it was done"
    )
    probe: Probe | None = None


class HttpStep(StepBase):
    """One request. `effect` says what becomes of it when no answer comes; a GET that says nothing is a `read`."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.ONCE, Effect.READ, Effect.IDEMPOTENT, Effect.CHECKABLE)
    usual_timeout: ClassVar[timedelta] = timedelta(minutes=5)
    kept: ClassVar[frozenset[str]] = frozenset({"expect", "probe"})
    once_below: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"probe": frozenset({"path"})})

    uses: Literal["http"]
    with_: Request = Field(alias="with")

    @property
    def what(self) -> Request:
        return self.with_

    @property
    def does(self) -> Effect:
        if self.effect is None and self.with_.method in ("GET", "HEAD"):
            return Effect.READ
        return super().does

    @property
    def ignores(self) -> Mapping[str, str]:
        reads = self.does is Effect.READ
        return {"retry": "A request that only reads is sent again by itself until its `timeout`"} if reads else {}

    def places(self) -> Iterator[Place]:
        asked = self.with_
        yield "path", asked.path, Scope.STEP
        yield "headers", dict(asked.headers), Scope.SENT
        yield "body", asked.body, Scope.SENT
        yield "expect", asked.expect, Scope.ANSWER
        if asked.probe is not None:
            yield "probe/path", asked.probe.path, Scope.STEP
            yield "probe/done", asked.probe.done, Scope.ANSWER
