"""Channels of notifications, without their addresses."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from daytwo_api.views.common import View


class ChannelView(View):
    name: str
    kind: Literal["chat", "mail", "webhook"]
    address: str = Field(description="masked: its scheme, and nothing else")
    per_minute: int
    last_at: datetime | None = Field(description="when a message was last tried")
    last_error: str | None = Field(description="why it was not taken; null when it was")


class TestOfChannel(View):
    """What came of a message that was sent to try a channel."""

    taken: bool
    why: str | None
