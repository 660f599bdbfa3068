"""Reviews of runs that broke the glass."""

from datetime import datetime

from pydantic import Field

from daytwo_api.views.common import LongText, Permitted, Person, Request, View
from daytwo_store.states import RunState


class ReviewView(View):
    """Open until somebody else closes it with words."""

    run: str
    action: str
    action_title: str
    entity: str | None
    requester: Person
    comment: str | None = Field(description="why it could not wait")
    state: RunState = Field(description="of the run")
    second: str | None = Field(description="who had to confirm it; null: nobody, as the definition says")
    confirmed_by: list[Person]
    past: list[str] = Field(description="whose approval was passed over")
    needed_from: list[str] = Field(description="who closes it")
    opened_at: datetime
    reminded: int = Field(description="how often those were reminded")
    closed_at: datetime | None
    closed_by: Person | None
    words: str | None = Field(description="what was found")
    may_close: Permitted


class CloseRequest(Request):
    words: LongText = Field(min_length=1, description="what was found, and what follows from it")
