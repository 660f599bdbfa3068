"""Events of other systems."""

from pydantic import Field

from daytwo_api.views.common import View


class EventTaken(View):
    stored: bool = Field(description="false: it was here before")
    key: str | None = Field(description="what it is about, by which steps find it; null: the source's `key` gives none")
