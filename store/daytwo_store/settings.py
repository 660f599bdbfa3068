"""Where the database is, and every window of time that something is decided by (design §10)."""

from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator


class StoreSettings(BaseModel):
    """One PostgreSQL database, 15 or later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr  # postgresql://user:password@host:port/name
    pool_size: int = 10
    pool_overflow: int = 10
    connect_timeout: timedelta = timedelta(seconds=5)
    statement_timeout: timedelta = timedelta(seconds=20)


class Windows(BaseModel):
    """Deadlines of a dispatch and of following it (A1, A7). Their inequalities are checked when it is built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fresh_plan: timedelta = timedelta(seconds=3)  # what it has read counts as read now, where nobody had to approve
    send_by: timedelta = timedelta(seconds=45)  # an attempt is not sent later than this after its intent
    send_margin: timedelta = timedelta(seconds=12)  # … and not begun later than this before that
    send_total: timedelta = timedelta(seconds=10)  # one POST, all of it
    listing_lag: timedelta = timedelta(seconds=120)  # a run may stay invisible in listings this long, at most
    repeat_for: timedelta = timedelta(minutes=10)  # a request whose name is ours is sent again for so long, no longer
    absence_listings: int = 3  # complete listings without a hit that prove absence
    look_every: tuple[float, ...] = (3.0, 5.0, 10.0, 20.0)  # seconds between look-ups; the last repeats
    give_up_looking: timedelta = timedelta(minutes=15)  # no look-up possible for so long: a person decides
    attempts: int = 3
    poll_every: timedelta = timedelta(seconds=15)  # one project, by the poller of its connection, if the budget allows
    poll_at_least: timedelta = timedelta(seconds=50)  # … and no slower than this unless the budget forbids it
    glance_every: timedelta = timedelta(seconds=2)  # the poller asks our database what is wanted
    watched_every: timedelta = timedelta(seconds=2.5)  # a run that somebody has open, if the budget allows
    live_every: timedelta = timedelta(seconds=30)  # a live log that nobody has open
    gone_after: timedelta = timedelta(seconds=60)  # "no such run" for so long: it was deleted there
    look_anyway: timedelta = timedelta(minutes=5)  # a run that waits for its pipeline looks by itself this often
    settle_with_logs: timedelta = timedelta(seconds=1)  # a run's end waits so long for its logs, and no longer
    log_patience: timedelta = timedelta(seconds=60)  # an ended job's log may come later than its end
    force_cancel_after: timedelta = timedelta(seconds=60)
    cancel_by: timedelta = timedelta(minutes=5)  # cancellation not confirmed by then: needs attention
    sweep_every: timedelta = timedelta(seconds=5)
    stale_after: timedelta = timedelta(minutes=2)  # an open run that nothing drives for so long is started again
    lock_recheck: timedelta = timedelta(minutes=5)
    fire_every: timedelta = timedelta(seconds=1)  # schedules are looked at this often

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if self.send_total >= self.send_margin:
            raise ValueError("send_total must be below send_margin: a POST begun in time must end in time")
        if self.send_margin >= self.send_by:
            raise ValueError("send_margin must be below send_by: else nothing is ever sent")
        if self.absence_listings < 1 or not self.look_every:
            raise ValueError("absence needs at least one listing, and look_every at least one pause")
        if self.listing_lag >= self.give_up_looking:
            raise ValueError("give_up_looking must be above listing_lag: else absence is never proven")
        if self.repeat_for <= self.send_by:
            raise ValueError("repeat_for must be above send_by: else a repeatable request is never sent again")
        if self.poll_every > self.poll_at_least:
            raise ValueError("poll_at_least must not be below poll_every: it is the slower of the two")
        if self.force_cancel_after >= self.cancel_by:
            raise ValueError("force_cancel_after must be below cancel_by")
        return self

    def lag(self, kind: timedelta | None) -> timedelta:
        """How long a run may stay invisible: what is known of its kind of CI system, `listing_lag` at most."""
        return self.listing_lag if kind is None else min(kind, self.listing_lag)

    @classmethod
    def for_profile(cls, profile: str) -> "Windows":
        """`default`, or `test`: all windows shortened together; no code path differs."""
        return TEST_WINDOWS if profile == "test" else cls()


TEST_WINDOWS = Windows(
    fresh_plan=timedelta(seconds=0.3),
    send_by=timedelta(seconds=8),
    send_margin=timedelta(seconds=4),
    send_total=timedelta(seconds=3),
    listing_lag=timedelta(seconds=2),
    repeat_for=timedelta(seconds=20),
    look_every=(0.3, 0.5, 1.0),
    give_up_looking=timedelta(seconds=30),
    poll_every=timedelta(seconds=2),
    poll_at_least=timedelta(seconds=4),
    glance_every=timedelta(seconds=0.5),
    watched_every=timedelta(seconds=1),
    live_every=timedelta(seconds=3),
    gone_after=timedelta(seconds=3),
    look_anyway=timedelta(seconds=20),
    log_patience=timedelta(seconds=5),
    force_cancel_after=timedelta(seconds=4),
    cancel_by=timedelta(seconds=12),
    sweep_every=timedelta(seconds=1),
    stale_after=timedelta(seconds=6),
    lock_recheck=timedelta(seconds=10),
    fire_every=timedelta(seconds=0.5),
)
