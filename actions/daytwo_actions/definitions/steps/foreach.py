"""`uses: foreach`: another action is run for each of a list, or of what the catalog has, at once or in waves."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, JsonValue, WithJsonSchema
from pydantic import Tag as Member

from daytwo_actions.definitions.durations import parse_duration
from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.action import Call, CallStep
from daytwo_actions.definitions.steps.common import Name, Place
from daytwo_actions.definitions.steps.task import Asked
from daytwo_forms.fields import KindName, Scalar, Template, Vocabulary, json_type

MOST_ITEMS: Final = 500
ASK: Final = "ask"
Share = Annotated[str, Field(pattern=r"^(100|[1-9]?[0-9])%$", description="of the items, as 10%")]
Part = Annotated[
    Annotated[int, Field(ge=1, le=MOST_ITEMS), Member("(whole)")]
    | Annotated[str, Field(pattern=r"^(100|[1-9][0-9]?)%$", description="of the items, as 10%"), Member("(text)")],
    Discriminator(json_type),
]


class Targets(Vocabulary):
    """Entities of the catalog, as far as who asks for the run may see them. Looked for once, when the plan is made."""

    kind: KindName
    where: dict[Name, Scalar] = Field(
        default={}, max_length=20, description="property, or relation, and the value, or ref, that it must have"
    )
    owner: Template | None = Field(default=None, description="ref of their owning group")


class Examine(Call):
    """An action that says whether the next wave may begin: it does when its run succeeds."""


def _pause(value: object) -> object:
    if value != ASK:
        try:
            parse_duration(value)
        except ValueError:
            raise ValueError("A pause is a time, as 10m, or `ask`: a person says go on") from None
    return value


Pause = Annotated[
    str,
    BeforeValidator(_pause),
    WithJsonSchema({"type": "string", "pattern": "^(ask|[0-9dhms]+)$", "examples": ["10m"]}),
]


class Each(Call):
    """The same for each of a list. `item` is what it is about."""

    items: (
        Annotated[
            Annotated[Template, Member("(text)")]
            | Annotated[list[JsonValue], Field(min_length=1, max_length=MOST_ITEMS), Member("(list)")],
            Discriminator(json_type),
        ]
        | None
    ) = Field(default=None, description="a list, or an expression that gives one; either this or `targets`")
    targets: Targets | None = Field(
        default=None, description="entities of the catalog: the list is sealed with the plan, and approved with it"
    )
    key: Template | None = Field(
        default=None,
        description="what names an item, a text that none other has, as ${{ item.name }}; left out: ${{ item }}",
    )
    canary: Part | None = Field(default=None, description="how many go first, alone, or which share of them")
    batch: Part | None = Field(
        default=None, description="how many follow in one wave, or which share of all; left out: all the others"
    )
    check: Examine | None = Field(
        default=None, description="what is run after each wave but the last; the next begins when it has succeeded"
    )
    pause: Pause | None = Field(
        default=None, description="after a wave and its check: how long; ask: until somebody says"
    )
    ask: Asked | None = Field(default=None, description="who says that it goes on; one of them is enough")
    at_once: int = Field(default=5, ge=1, le=50, description="how many go on at the same time")
    max_failures: Annotated[int, Field(ge=0), Member("(whole)")] | Annotated[Share, Member("(text)")] = Field(
        default=0,
        discriminator=Discriminator(json_type),
        description="how many may fail, or which share; with more of them none begins any more, and the step fails",
    )
    on_too_many: Literal["stop", "ask"] = Field(
        default="stop",
        description="with more, or a check that fails. stop: the step fails; ask: `ask` says whether it goes on",
    )

    @property
    def in_waves(self) -> bool:
        return self.canary is not None or self.batch is not None


class ForeachStep(CallStep):
    """Succeeds when no more of the runs than `max_failures` have failed."""

    kept: ClassVar[frozenset[str]] = frozenset({"entity", "inputs", "key", "check", "ask"})
    usual_timeout: ClassVar[timedelta] = timedelta(hours=24)

    uses: Literal["foreach"]
    with_: Each = Field(alias="with")

    @property
    def what(self) -> Each:
        return self.with_

    @property
    def calls(self) -> Mapping[str, Call]:
        check = self.with_.check
        return {"with": self.with_, **({"with/check": check} if check is not None else {})}

    def places(self) -> Iterator[Place]:
        sealed = self.with_.targets is not None
        for key, value, scope in super().places():
            if key in ("items", "action"):
                yield key, value, scope
            elif key == "targets":
                yield key, value, Scope.TARGETS
            elif key in ("entity", "inputs", "key", "check"):
                yield key, value, Scope.TARGET if sealed and key != "check" else Scope.ITEM
