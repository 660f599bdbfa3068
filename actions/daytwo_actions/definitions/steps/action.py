"""`uses: action` and `uses: foreach`: another action is run, once or for each of a list, and keeps what is its own."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Discriminator, Field, JsonValue
from pydantic import Tag as Member

from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Place, StepBase
from daytwo_forms.fields import FieldName, Template, Vocabulary, json_type

MOST_ITEMS: Final = 500
ActionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]
Share = Annotated[str, Field(pattern=r"^(100|[1-9]?[0-9])%$", description="of the items, as 10%")]


class Call(Vocabulary):
    """Which action, on what, with what."""

    action: ActionName = Field(description="the name of the action; it may be called as far as who asked may run it")
    entity: Template | None = Field(
        default=None, description="ref of its target; left out: the target of this run, where it has the same kind"
    )
    inputs: dict[FieldName, JsonValue] = Field(default={}, max_length=100, description="values may contain ${{ }}")


class Each(Call):
    """The same for each of a list. `item` is what it is about."""

    items: (
        Annotated[Template, Member("(text)")]
        | Annotated[list[JsonValue], Field(min_length=1, max_length=MOST_ITEMS), Member("(list)")]
    ) = Field(discriminator=Discriminator(json_type), description="a list, or an expression that gives one")
    key: Template = Field(
        default="${{ item }}", description="what names an item, a text that none other has, as ${{ item.name }}"
    )
    at_once: int = Field(default=5, ge=1, le=50, description="how many go on at the same time")
    max_failures: Annotated[int, Field(ge=0), Member("(whole)")] | Annotated[Share, Member("(text)")] = Field(
        default=0,
        discriminator=Discriminator(json_type),
        description="how many may fail, or which share; with more of them none begins any more, and the step fails",
    )


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


class ActionStep(CallStep):
    """Succeeds as the run does."""

    uses: Literal["action"]
    with_: Call = Field(alias="with")

    @property
    def what(self) -> Call:
        return self.with_


class ForeachStep(CallStep):
    """Succeeds when no more of the runs than `max_failures` have failed."""

    kept: ClassVar[frozenset[str]] = frozenset({"entity", "inputs", "key"})

    uses: Literal["foreach"]
    with_: Each = Field(alias="with")

    @property
    def what(self) -> Each:
        return self.with_

    def places(self) -> Iterator[Place]:
        for key, value, scope in super().places():
            if key in ("items", "action"):
                yield key, value, scope
            elif key in self.kept:
                yield key, value, Scope.ITEM
