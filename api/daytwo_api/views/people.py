"""Who is let in."""

from datetime import datetime

from pydantic import Field

from daytwo_api.views.common import Person, View


class PrincipalView(Person):
    """An identity that was let in once. One person may have several."""

    issuer: str = Field(description="who vouches for them")
    present: bool = Field(description="they are in the catalog; whoever is not gets no further")
    groups: list[str]
    roles: list[str]
    since: datetime
    sessions: int = Field(description="that are still good")
    tokens: int = Field(description="that are still good")
    delegations: int = Field(description="by which others decide for them; those that are not over")
    used_at: datetime | None = Field(description="when one of them was used last")


class OnCallAction(View):
    name: str
    title: str


class OnCallView(View):
    """Whom a property or relation of an entity names, where actions ask whoever it names for approval."""

    entity: str
    title: str
    place: str = Field(description="properties.on_call")
    names: list[str] = Field(description="refs of people and groups, as person:sam")
    actions: list[OnCallAction] = Field(description="that look there")
