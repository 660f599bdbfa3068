"""`uses: catalog`: writes into the catalog while the run goes on."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from daytwo_actions.definitions.scopes import Scope
from daytwo_actions.definitions.steps.common import Effect, Place, StepBase
from daytwo_actions.definitions.upsert import Upsert
from daytwo_forms.fields import Vocabulary


class Write(Vocabulary):
    """What is written, in the transaction that ends the step."""

    upsert: Upsert


class CatalogStep(StepBase):
    """Writes one entity. What the catalog refuses fails the step."""

    effects: ClassVar[tuple[Effect, ...]] = (Effect.IDEMPOTENT,)
    without: ClassVar[Mapping[str, str]] = {
        "retry": "What the catalog refuses it refuses again",
        "timeout": "A write into the catalog is done at once",
        "outputs": "A write into the catalog leaves nothing",
    }

    uses: Literal["catalog"]
    with_: Write = Field(alias="with")

    @property
    def what(self) -> Write:
        return self.with_

    def places(self) -> Iterator[Place]:
        write = self.with_.upsert
        parts: dict[str, JsonValue] = {
            "name": write.name,
            "properties": dict(write.properties),
            "relations": dict(write.relations),
        }
        yield from ((f"upsert/{key}", value, Scope.STEP) for key, value in parts.items())
