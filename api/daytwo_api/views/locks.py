"""Locks: who has which key, who waits for it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from daytwo_api.views.common import LongText, Person, Request, View

LockText = Annotated[str, Field(max_length=200)]


class HoldView(View):
    """A person keeps a key to themselves."""

    id: str
    key: str
    by: Person
    reason: str
    asked_at: datetime
    began_at: datetime | None = Field(description="null: it waits for the run that has the key")
    until: datetime | None = Field(description="when it ends by itself; null of an old one, that somebody has to end")
    ended_at: datetime | None


class KeyView(View):
    """One key, as the asker may see it."""

    key: str
    held: bool
    held_by_run: str | None = Field(description="null as well when the asker may not see that run")
    hold: HoldView | None = Field(description="of the person who has it")
    next_hold: HoldView | None = Field(description="of the person who has it next")
    since: datetime | None
    fence: int | None = Field(description="the holder's number; a later holder's is higher")
    queued: int
    text: str = Field(description="who has it, as a sentence: 'held by Sam until 14:00 UTC: database migration'")


class LockRow(View):
    """A key that somebody has or waits for."""

    key: str
    holder_run: str | None = Field(description="null as well when the asker may not see that run")
    hold: HoldView | None = Field(description="of the person who has it")
    next_hold: HoldView | None = Field(description="of the person who has it next")
    fence: int | None = Field(description="the holder's number; a later holder's is higher")
    since: datetime | None
    queued: list[str] = Field(description="runs that wait and that the asker may see, the next one first")
    waiting: int = Field(description="how many of them")
    text: str = Field(description="who has it, as a sentence")


class HoldRequest(Request):
    """Keep a key to yourself: until a time, or for so many seconds; for 8 hours where neither is said."""

    key: LockText = Field(min_length=1)
    reason: LongText = Field(min_length=1)
    until: datetime | None = None
    seconds: int | None = Field(default=None, ge=60, le=31 * 24 * 3600)


class ReleaseRequest(Request):
    """Take a lock away from who has it. `fence` is that of the second look: it is taken from nobody else."""

    key: LockText = Field(min_length=1)
    fence: int
    reason: LongText = Field(min_length=1)
