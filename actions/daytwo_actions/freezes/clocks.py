"""Wall clocks: what a time of a time zone means on the days when the clocks change.

A time that the clocks skip is the moment of the change. A time that comes twice begins a window the first time and
ends it the second time where the window is frozen, and the other way round where it is open: in doubt nothing is sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From `start` until just before `end`, both UTC."""

    start: datetime
    end: datetime


def moment(wall: datetime, zone: ZoneInfo, *, second: bool) -> datetime:
    """The moment, in UTC, at which the clocks of a zone show a naive time. `second`: of two, the later one."""
    one, other = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if one == other:
        return one
    if one.astimezone(zone).replace(tzinfo=None) != wall:  # the clocks skip it: PEP 495 puts `other` before the change
        return _change(other, one, zone)
    return max(one, other) if second else min(one, other)


def period(begin: datetime, end: datetime, zone: ZoneInfo, *, frozen: bool) -> Period | None:
    """From wall clock to wall clock; None when nothing is left of an open window in an hour that comes twice."""
    found = Period(moment(begin, zone, second=not frozen), moment(end, zone, second=frozen))
    return found if found.start < found.end else None


def merged(periods: list[Period]) -> list[Period]:
    """Periods that touch or overlap become one; in order."""
    found: list[Period] = []
    for one in sorted(periods):
        if found and one.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks change between two moments."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
