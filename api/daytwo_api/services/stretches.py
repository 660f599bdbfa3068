"""A stretch of time in parts that people think in: hours, days, weeks of their own clock."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daytwo_store.errors import Rejected

Step = Literal["hour", "day", "week"]
_LONGEST: Final = timedelta(days=400)
_USUAL: Final = timedelta(days=14)
_STEPS: Final[dict[Step, timedelta]] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}


def zone_named(name: str) -> ZoneInfo:
    """Raises `Rejected`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise Rejected(f"There is no time zone {name!r}. Say one as Europe/Berlin, or UTC.") from None


def stretch(since: datetime | None, until: datetime | None, *, now: datetime) -> tuple[datetime, datetime]:
    """What was asked for; the last two weeks when nothing was. Raises `Rejected`."""
    end = until or now
    try:
        begin = since or end - _USUAL
        sound = begin < end <= begin + _LONGEST
    except OverflowError:
        sound = False
    if not sound:
        raise Rejected(f"`until` is after `since`, by {_LONGEST.days} days at most.")
    return begin, end


def step_of(begin: datetime, end: datetime) -> Step:
    length = end - begin
    return "hour" if length <= timedelta(days=2) else "day" if length <= timedelta(days=62) else "week"


def parts(begin: datetime, end: datetime, step: Step, zone: ZoneInfo) -> list[datetime]:
    """Where each part begins: at `begin`, then at every full hour, midnight, or Monday's midnight of the zone."""
    found = [begin]
    wall = _full(begin.astimezone(zone), step)
    while True:
        wall = wall + _STEPS[step]
        moment = wall.astimezone(UTC) if step != "hour" else wall
        if moment >= end:
            return found
        found.append(moment)


def _full(at: datetime, step: Step) -> datetime:
    """The beginning of the hour, day or week that it is in. Hours are counted in UTC: two may have the same name."""
    if step == "hour":
        return at.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return midnight - timedelta(days=midnight.weekday()) if step == "week" else midnight
