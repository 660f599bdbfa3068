"""When a schedule is due: times of a clock, with what happens on the days when the clocks change said in words.

As in Debian's cron: a time of the clock (`30 2 * * *`) that the clocks skip is due at the moment of the change, and one
that comes twice is due the first time. What is about passing time (`*/15 * * * *`: the hours begin with `*`) is due
both times, and what is skipped is not made up for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daytwo_actions.freezes.clocks import moment
from daytwo_actions.schedules.cron import Cron, parse_cron

HORIZON: Final = timedelta(days=3660)  # a schedule without a time in so long is refused
_DAY: Final = timedelta(days=1)
_CHANGE: Final = timedelta(hours=3)  # no clock is put forward or back by more
_SECOND: Final = timedelta(seconds=1)
_LAST_YEAR: Final = 9000
# How far back the last time is looked for: first where most are, so that a year of minutes is not gone through.
_LOOKS: Final = (_DAY, 40 * _DAY, HORIZON)
MOST_COUNTED: Final = 1000


class TimeFault(ValueError):
    """What is wrong with the time of a schedule, as a sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class Due:
    """One time at which something is due."""

    at: datetime  # UTC
    note: str | None = None  # what the clocks have to do with it


@dataclass(frozen=True, slots=True)
class Times:
    """A cron expression, or one time, on the clocks of a zone."""

    zone: ZoneInfo
    cron: Cron | None
    once: datetime | None  # naive: on the clocks of the zone; else with its offset

    def upcoming(self, after: datetime, most: int) -> list[Due]:
        """The next times after a moment, in order."""
        return list(islice(self._after(after), most))

    def next(self, after: datetime) -> datetime | None:
        """The next one; None when there is none in ten years."""
        found = next(self._after(after), None)
        return found.at if found is not None else None

    def only(self) -> datetime | None:
        """The one time, over or not, of what is not due again and again."""
        return self._once().at if self.once is not None else None

    def last(self, first: datetime, until: datetime) -> datetime | None:
        """The latest time in [first, until], however long that is; None when there is none."""
        for back in _LOOKS:
            begin = max(first, until - back)
            found = None
            for found in takewhile(lambda due: due.at <= until, self._after(begin - _SECOND)):  # noqa: B007 - the last
                pass
            if found is not None or begin == first:
                return found.at if found is not None else None
        return None

    def count(self, first: datetime, before: datetime) -> int:
        """How many times lie in [first, before); `MOST_COUNTED` stands for that many or more."""
        return sum(
            1 for _ in islice(takewhile(lambda due: due.at < before, self._after(first - _SECOND)), MOST_COUNTED)
        )

    def local(self, at: datetime) -> str:
        """`Sun 28 Mar 2027 03:00 CEST`."""
        return f"{at.astimezone(self.zone):%a %d %b %Y %H:%M %Z}"

    def _after(self, after: datetime) -> Iterator[Due]:
        if after.year > _LAST_YEAR:
            return
        if self.cron is None:
            due = self._once()
            if due.at > after:
                yield due
            return
        last = after
        start = after.astimezone(self.zone).replace(tzinfo=None) - _CHANGE
        for day in self.cron.dates(start.date(), start.date() + HORIZON):
            for due in self._of_day(self.cron, day, start):
                if due.at > last:
                    yield due
                    last = due.at

    def _once(self) -> Due:
        assert self.once is not None, "there is a cron expression or one time"
        if self.once.tzinfo is not None:
            return Due(self.once.astimezone(UTC))
        return self._fixed(self.once)

    def _of_day(self, cron: Cron, day: date, start: datetime) -> list[Due]:
        """What is due on one day, in order; what lies before `start` on the clock need not be among it."""
        walls = [wall for clock in cron.times if (wall := datetime.combine(day, clock)) >= start]
        if not self._changes(day):
            return [Due(wall.replace(tzinfo=self.zone).astimezone(UTC)) for wall in walls]
        return self._passing(walls) if cron.every_hour else [self._fixed(wall) for wall in walls]

    def _changes(self, day: date) -> bool:
        """Whether the clocks change on a day, or right at its ends."""
        noon = datetime.combine(day, datetime.min.time(), tzinfo=self.zone)
        return (noon - _DAY).utcoffset() != (noon + 2 * _DAY).utcoffset()

    def _fixed(self, wall: datetime) -> Due:
        at = moment(wall, self.zone, second=False)
        shown = at.astimezone(self.zone)
        if shown.replace(tzinfo=None) != wall:
            return Due(
                at,
                f"{wall:%H:%M} does not exist on this day, because the clocks go forward: it runs when they do, at "
                f"{shown:%H:%M}.",
            )
        if moment(wall, self.zone, second=True) != at:
            return Due(at, f"{wall:%H:%M} comes twice on this day, because the clocks go back: it runs the first time.")
        return Due(at)

    def _passing(self, walls: list[datetime]) -> list[Due]:
        found: list[Due] = []
        lost: list[str] = []
        for wall in walls:
            first, second = (moment(wall, self.zone, second=second) for second in (False, True))
            if first.astimezone(self.zone).replace(tzinfo=None) != wall:
                lost.append(f"{wall:%H:%M}")
                continue
            found.append(Due(first, _left_out(lost)))
            lost = []
            if second != first:
                found.append(
                    Due(second, f"{wall:%H:%M} comes twice on this day, because the clocks go back: the second time.")
                )
        return sorted(found, key=lambda due: due.at)


def times_of(*, cron: str | None, at: str | None, timezone: str) -> Times:
    """Raises `CronFault`, `TimeFault`: for what cannot be read, and for what is never due."""
    zone = zone_of(timezone)
    if (cron is None) == (at is None):
        raise TimeFault("When? A schedule has `cron` or `at`, and one of them only")
    if cron is not None:
        return Times(zone, parse_cron(cron), None)
    try:
        once = datetime.fromisoformat(str(at))
    except ValueError:
        raise TimeFault(f"There is no such time as {str(at)[:40]}") from None
    if not 1971 <= once.year < _LAST_YEAR:
        raise TimeFault("The year lies outside of what a schedule is for")
    return Times(zone, None, once)


def zone_of(name: str) -> ZoneInfo:
    """Raises `TimeFault`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeFault(f"There is no time zone `{name[:64]}`; write it as Europe/Berlin") from None


def _left_out(lost: list[str]) -> str | None:
    if not lost:
        return None
    named = lost[0] if len(lost) == 1 else f"{lost[0]} to {lost[-1]}"
    return f"The clocks have gone forward: {named} did not exist on this day, and nothing ran then."
