"""Runs in numbers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from daytwo_api.views.common import View


class RunCount(View):
    """Of those runs that the asker may see."""

    runs: int
    succeeded: int
    failed: int
    open: int = Field(description="not at their end")
    other: int = Field(description="at another end: cancelled, rejected, expired …")
    median_seconds: float | None = Field(description="from start to end, of those that succeeded; null: none did")


class RunPart(RunCount):
    start: datetime
    end: datetime


class ActionCount(RunCount):
    action: str
    title: str
    parts: list[RunCount] = Field(description="as many as `parts` of the whole, in the same order")


class RunStatistics(View):
    """A stretch of time in parts, whole hours, days or weeks of the time zone; the first and last may be shorter."""

    since: datetime
    until: datetime
    step: Literal["hour", "day", "week"]
    whole: RunCount
    parts: list[RunPart]
    actions: list[ActionCount] = Field(description="those with the most runs first, 50 at most")
