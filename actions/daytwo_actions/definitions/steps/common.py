"""What every kind of step has."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, Field, JsonValue

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_forms.fields import FieldName, Flag, Value, Vocabulary

if TYPE_CHECKING:  # its members are steps themselves; `kinds.py` brings both together
    from daytwo_actions.definitions.steps.undo import Undoing

StepId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63, description="as in steps.<id>.outputs")]
Name = Annotated[str, Field(min_length=1, max_length=63)]
Place = tuple[str, JsonValue, Scope]  # key below `with`, what stands there, and what may be named in it


class Effect(StrEnum):
    """What doing it twice would mean. Decides what is repeated, probed or asked when nobody knows what became of it."""

    READ = "read"  # changes nothing
    IDEMPOTENT = "idempotent"  # twice is as once
    CHECKABLE = "checkable"  # whether it happened can be found out
    ONCE = "once"  # never a second time without a person


class Retry(Vocabulary):
    """A step that has failed, for certain, is tried again by itself."""

    attempts: int = Field(ge=2, le=10, description="how often it is tried in all")
    wait: Duration = Field(default=timedelta(seconds=30), description="between one failure and the next try")


class StepBase(Vocabulary):
    """Common fields. A kind says in class variables which effects it can have, and which it has when left out."""

    effects: ClassVar[tuple[Effect, ...]] = ()
    usual_timeout: ClassVar[timedelta] = timedelta(hours=1)
    # Keys of `with` that are worked out again and again while the step goes on, and so stand in the plan as written.
    kept: ClassVar[frozenset[str]] = frozenset()
    # What below such a key is worked out once all the same, when the step begins.
    once_below: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({})
    # Common fields that would change nothing of this kind, and why: a definition that writes one is refused.
    without: ClassVar[Mapping[str, str]] = {}

    id: StepId
    uses: Name
    if_: Flag | None = Field(default=None, alias="if", description="the step is skipped when it is false")
    needs: list[StepId] | None = Field(
        default=None,
        max_length=50,
        description="steps that have to be done before; left out: the one before this. An empty list: it begins at "
        "once",
    )
    timeout: Duration | None = Field(default=None, description="how long it may take")
    retry: Retry | None = None
    effect: Effect | None = Field(
        default=None, strict=False, description="what doing it twice would mean; each kind of step has its own default"
    )
    on_error: Literal["fail", "continue"] = Field(
        default="fail", description="fail: the run fails, and nothing new begins; continue: the run goes on"
    )
    undo: "Undoing | None" = Field(
        default=None, description="what takes back what the step has done; left out: it cannot be undone"
    )
    outputs: dict[FieldName, Value] = Field(
        default={}, max_length=50, description="what later steps may use of its results: names, with their schema"
    )

    @property
    @abstractmethod
    def what(self) -> BaseModel:
        """Its `with`."""

    @property
    def limit(self) -> timedelta:
        return self.timeout or self.usual_timeout

    @property
    def does(self) -> Effect:
        return self.effect or self.effects[0]

    @property
    def ignores(self) -> Mapping[str, str]:
        """`without`, and what this very step would ignore besides."""
        return self.without

    @property
    def may_not_run(self) -> bool:
        """May the run go on without its results?"""
        return self.if_ is not None or self.on_error == "continue"

    @property
    def leaves(self) -> Mapping[FieldName, Value]:
        """The results that later steps may name."""
        return self.outputs

    def places(self) -> Iterator[Place]:
        """Where below `with` expressions are worked out."""
        dumped: dict[str, JsonValue] = self.what.model_dump(by_alias=True, mode="json")
        for key, value in dumped.items():
            yield key, value, Scope.STEP
