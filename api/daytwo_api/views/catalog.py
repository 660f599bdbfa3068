"""Kinds and entities."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from daytwo_api.views.common import Json, Request, ShortText, View
from daytwo_api.views.lasting import TemporaryView


class KindView(View):
    name: str
    title: str
    property_schema: Json
    relations: dict[str, dict[str, Any]]


class EntitySummary(View):
    ref: str
    kind: str
    name: str
    title: str
    owner: str | None


class EntityView(EntitySummary):
    properties: Json
    relations: dict[str, list[str]]
    referenced_by: list[str] = Field(description="refs of entities with a relation to this one")
    referenced_by_more: bool = Field(default=False, description="there are more of them than are listed")
    version: int
    changed_at: datetime
    changed_by: str = Field(description="'file', the run that wrote it, as run:r_…, or 'run', which one may not see")
    temporary: list[TemporaryView] = Field(default=[], description="what runs have done here for a time")


class EntityEventView(View):
    at: datetime
    by: str = Field(description="as `changed_by` of an entity")
    version: int
    before: Json | None
    after: Json | None


class EntityFilter(Request):
    kind: ShortText | None = None
    text: ShortText = ""
    owner: ShortText | None = None
    query: Annotated[str, Field(max_length=500)] = Field(
        default="",
        description="words and conditions in one line: shop tier=1 owner:group:sre dependsOn>service:billing "
        "language!=go",
    )


class FacetView(View):
    name: str
    count: int


class FacetsView(View):
    """How many there are, and of what: of kinds and owners those that there would be if one chose another one."""

    total: int
    kinds: list[FacetView]
    owners: list[FacetView]


class EntitySearch(EntityFilter):
    cursor: ShortText | None = None
    limit: int = Field(default=50, ge=1, le=200)
