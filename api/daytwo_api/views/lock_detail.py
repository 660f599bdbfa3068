"""One key looked at closely."""

from datetime import datetime

from pydantic import Field

from daytwo_api.views.common import Permitted, View
from daytwo_api.views.locks import LockRow
from daytwo_api.views.runs import RunSummary


class RunningThere(View):
    """What a run has started in a CI system, as far as it is known."""

    run: str
    step: str
    connection: str
    external_run: str | None = Field(description="null: it may have been started, and is still looked for")
    url: str | None
    detail: str
    ended: bool


class QueuedThere(View):
    """A run that waits for the key, and that the asker may see."""

    place: int = Field(description="in the whole queue, others counted")
    run: RunSummary
    expected_at: datetime | None = Field(description="about when it is its turn; null when nobody can say")


class LockDetail(LockRow):
    """A second look, before somebody takes the lock away."""

    holder: RunSummary | None = Field(description="the run that has it, where the asker may see it")
    queue: list[QueuedThere] = Field(description="the next one first, 20 at most")
    running: list[RunningThere]
    warning: str | None = Field(description="what taking it away would mean, as a sentence; null: nobody has it")
    may_hold: Permitted
    may_release: Permitted
