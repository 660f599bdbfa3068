"""Calendars: RRULE (RFC 5545) through python-dateutil, bounded so that no rule can keep anybody waiting.

dateutil looks for the next date up to the year 9999, so a rule without any (30 February, daily) takes it seconds. The
Gregorian calendar is the same every 400 years, weekdays and leap years included: rules are worked out 7600 years
later, where the end of its search is near, and the dates are moved back.
"""

from datetime import datetime
from typing import Final

from dateutil.rrule import rrule, rrulestr

_LATER: Final = 7600  # years; a multiple of 400
EARLIEST: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - on a wall clock
LATEST: Final = datetime(2300, 1, 1)  # noqa: DTZ001 - the same
_MOST: Final = 5000  # dates of one rule in one answer
_WITHIN: Final = 10  # years in which a rule has to have a first date
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS: Final = (
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYMONTH",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYDAY",
    "BYSETPOS",
    "WKST",
)


class RuleFault(ValueError):
    """What is wrong with a rule, as a sentence without its full stop."""


def check_rule(rule: str, start: datetime) -> None:
    """Raises `RuleFault`."""
    if not EARLIEST <= start < LATEST:
        raise RuleFault(f"`start` lies between {EARLIEST.year} and {LATEST.year - 1}")
    _check_parts([part.partition("=") for part in rule.split(";")])
    if not starts(rule, start, start, start.replace(year=start.year + _WITHIN, day=min(start.day, 28)), most=1):
        raise RuleFault(f"This rule has no date within {_WITHIN} years of its start")


def _check_parts(parts: list[tuple[str, str, str]]) -> None:
    names = [name for name, _, _ in parts]
    for name in names:
        if name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            raise RuleFault(f"`{name}` is not used: the time of day is that of `start`")
        if name not in _PARTS:
            raise RuleFault(f"`{name[:40]}` is not a part of a rule; known are {', '.join(_PARTS)}")
        if names.count(name) > 1:
            raise RuleFault(f"`{name}` stands there twice")
    values = {name: value for name, _, value in parts}
    if values.get("FREQ") not in _FREQUENCIES:
        raise RuleFault(f"`FREQ` is one of {', '.join(_FREQUENCIES)}")
    for name, most in (("INTERVAL", 1000), ("COUNT", 10_000)):
        number = values.get(name, "1")
        if not (number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= most):
            raise RuleFault(f"`{name}` is a whole number from 1 to {most}")
    if values.get("UNTIL", "").endswith("Z"):
        raise RuleFault("`UNTIL` is a time on the same clock as `start`, without Z")


def starts(rule: str, start: datetime, after: datetime, before: datetime, *, most: int = _MOST) -> list[datetime]:
    """The naive times of a rule in [after, before), `most` of them at most. Raises `RuleFault`."""
    if before <= start:
        return []
    dates = _compiled(rule, start)
    after, before = max(after, start), min(before, LATEST)
    found: list[datetime] = []
    for date in dates.xafter(_moved(after, _LATER), inc=True):
        back = _moved(date, -_LATER)
        if back >= before or len(found) == most:
            break
        found.append(back)
    return found


def _compiled(rule: str, start: datetime) -> rrule:
    moved = _until_moved(rule)
    try:
        compiled = rrulestr(moved, dtstart=_moved(start, _LATER))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise RuleFault(f"This rule cannot be read ({type(error).__name__})") from error
    if not isinstance(compiled, rrule):
        raise RuleFault("This is more than one rule")
    return compiled


def _until_moved(rule: str) -> str:
    """The rule with the year of UNTIL in the same distance as everything else."""
    head, mark, tail = rule.partition("UNTIL=")
    if not mark:
        return rule
    year = tail[:4]
    if not (year.isascii() and year.isdecimal() and EARLIEST.year <= int(year) <= LATEST.year):
        raise RuleFault("`UNTIL` is written as 20270102 or 20270102T080000")
    return f"{head}{mark}{int(year) + _LATER}{tail[4:]}"


def _moved(date: datetime, years: int) -> datetime:
    return date.replace(year=date.year + years)
