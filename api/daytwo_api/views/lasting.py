"""What is temporary: until when, and moving that."""

from datetime import datetime

from pydantic import AwareDatetime, Field

from daytwo_api.views.common import LongText, Request, View


class TemporaryView(View):
    """Something that a run has done lasts until a time, and is then taken back by it."""

    run: str
    action: str
    step: str
    until: datetime | None
    text: str = Field(description="'until 14:00 UTC'")


class ExtendRequest(Request):
    until: AwareDatetime = Field(description="its new end, within what the action allows")
    comment: LongText = Field(default="", description="stands with the decision")


class AskToExtendRequest(Request):
    until: AwareDatetime = Field(description="the end that it is to have, within what the action allows")


class GiveBackRequest(Request):
    reason: LongText = ""
