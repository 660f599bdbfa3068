"""What is temporary: until when, who may move that, and moving it."""

from datetime import datetime

from pydantic import AwareDatetime, Field

from daytwo_api.views.common import LongText, Permitted, Request, View


class LastsView(View):
    """A step that is temporary, and lasts now."""

    until: datetime | None = Field(description="null: its end is not known yet")
    latest: datetime | None = Field(description="nobody moves its end beyond this; null: nobody moves it")
    extend: Permitted = Field(description="approve that it lasts longer")
    ask: Permitted = Field(description="ask those who may approve that")
    give_back: Permitted


class TemporaryView(View):
    """Something that a run has done lasts until a time, and is then taken back by it."""

    run: str
    action: str
    step: str
    until: datetime | None
    text: str = Field(description="'until 14:00 UTC'")
    lasts: LastsView | None = Field(default=None, description="null: it is being taken back, or was to be")


class ExtendRequest(Request):
    until: AwareDatetime = Field(description="its new end, within what the action allows")
    comment: LongText = Field(default="", description="stands with the decision")


class AskToExtendRequest(Request):
    until: AwareDatetime = Field(description="the end that it is to have, within what the action allows")


class GiveBackRequest(Request):
    reason: LongText = ""
