"""Shapes that every resource shares."""

from collections.abc import Mapping
from typing import Annotated, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

Item = TypeVar("Item")
Json = Mapping[str, JsonValue]


class View(BaseModel):
    """An answer. Frozen; times are RFC 3339 in UTC."""

    model_config = ConfigDict(frozen=True)


class Request(BaseModel):
    """A body that somebody sent. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(View, Generic[Item]):
    items: list[Item]
    next_cursor: str | None = None


class Fault(View):
    pointer: str = Field(description="JSON pointer into what was sent, as /inputs/version")
    detail: str


class Problem(View):
    """RFC 9457. `type` is stable; `detail` says what happened, what was and was not done, and what to do next."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = []


class Person(View):
    """A principal as others see it."""

    id: str
    name: str = Field(description="what to call them: 'Ana' or the name of a token")
    ref: str | None = Field(description="their entity in the catalog, as person:ana")


class Permitted(View):
    """May the asker do this, and if not, why not (a whole sentence)."""

    allowed: bool
    why_not: str | None = None


def _written_out(value: object) -> object:
    """A number is no time, though it could be taken for seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and "T" not in value.upper() and " " not in value):
        raise ValueError("a time is written as 2026-01-31T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]  # RFC 3339, with its offset
ShortText = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=4000)]
