"""Cron expressions of five fields, as crontab(5) has them: which days, and which times of a day.

Nothing here knows a time zone; `times` puts the dates on the clocks of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST: Final = 200  # characters
_DAY: Final = timedelta(days=1)
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CronFault(ValueError):
    """What is wrong with an expression, as a sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()  # names of the numbers from `least` on

    def number(self, text: str) -> int:
        if text.lower() in self.words:
            return self.words.index(text.lower()) + self.least
        if not (text.isascii() and text.isdecimal() and len(text) <= 2 and self.least <= int(text) <= self.most):
            raise CronFault(f"`{text[:20]}` is no {self.name}: those are {self.least} to {self.most}")
        return int(text)

    def parse(self, text: str) -> frozenset[int]:
        found: set[int] = set()
        for part in text.split(","):
            found.update(self._part(part))
        return frozenset(found)

    def _part(self, part: str) -> range:
        span, slash, step = part.partition("/")
        if slash and not (step.isascii() and step.isdecimal() and len(step) <= 2 and int(step) > 0):
            raise CronFault(f"`/{step[:20]}` is no step of the {self.name}: a step is a number from 1 on")
        if span == "*":
            first, last = self.least, self.most
        else:
            start, dash, end = span.partition("-")
            first = self.number(start)
            last = self.number(end) if dash else (self.most if slash else first)
        if last < first:
            raise CronFault(f"`{span[:20]}` runs backwards: write the smaller {self.name} first")
        return range(first, last + 1, int(step) if slash else 1)


_MINUTE: Final = _Field("minute", 0, 59)
_HOUR: Final = _Field("hour", 0, 23)
_DAY_OF_MONTH: Final = _Field("day of the month", 1, 31)
_MONTH: Final = _Field("month", 1, 12, _MONTHS)
_WEEKDAY: Final = _Field("day of the week", 0, 7, _WEEKDAYS)  # 7 is Sunday, too


@dataclass(frozen=True, slots=True)
class Cron:
    times: tuple[time, ...]  # of a day, in order
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Monday, as in Python
    either: bool  # both kinds of day are restricted: one of them is enough
    every_hour: bool  # the hours begin with `*`: it is about passing time and not about a time of the clock

    def dates(self, first: date, before: date) -> Iterator[date]:
        """The days that it names in [first, before), in order."""
        day = first
        while day < before:
            if self._names(day):
                yield day
            day += _DAY

    def _names(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.weekday() in self.weekdays
        return of_month or of_week if self.either else of_month and of_week


def parse_cron(text: str) -> Cron:
    """Raises `CronFault`; also when there is no such day in any year."""
    if len(text) > _LONGEST:
        raise CronFault(f"A cron expression has at most {_LONGEST} characters")
    fields = text.split()
    if len(fields) != 5:
        hint = "; words such as @daily are not known" if text.startswith("@") else ""
        raise CronFault(
            f"A cron expression has five fields (minute, hour, day of the month, month, day of the week), and this has "
            f"{len(fields)}{hint}"
        )
    minutes, hours = _MINUTE.parse(fields[0]), _HOUR.parse(fields[1])
    cron = Cron(
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=_DAY_OF_MONTH.parse(fields[2]),
        months=_MONTH.parse(fields[3]),
        weekdays=frozenset((number - 1) % 7 for number in _WEEKDAY.parse(fields[4])),
        either=not (fields[2].startswith("*") or fields[4].startswith("*")),
        every_hour=fields[1].startswith("*"),
    )
    if not cron.either and all(min(cron.days) > _LONGEST_MONTHS[month - 1] for month in cron.months):
        raise CronFault(f"There is no day {min(cron.days)} in the months that it names, so it would never run")
    return cron
