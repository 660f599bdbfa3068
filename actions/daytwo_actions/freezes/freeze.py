"""Does a freeze hold a dispatch at a moment, and until when? Pure; what cannot be worked out is frozen, and said so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import JsonValue

from daytwo_actions.definitions.durations import LONGEST
from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_actions.freezes import clocks
from daytwo_actions.freezes.clocks import Period
from daytwo_actions.freezes.model import Freeze, FreezeSpec, parse_moment
from daytwo_actions.freezes.rules import RuleFault, starts
from daytwo_actions.freezes.subject import Subject, let_through, selects

HORIZON: Final = timedelta(days=400)  # no end within it: nobody can say when it ends
_DAY: Final = timedelta(days=1)
_FOREVER: Final = datetime.max.replace(tzinfo=UTC)
_EVALUATOR: Final = Evaluator()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A freeze that holds something back."""

    id: str
    title: str
    owner: str
    reason: str
    until: datetime | None  # None: nobody can say
    zone: str | None
    note: str | None = None  # what could not be worked out

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "id": self.id,
            "title": self.title,
            "owner": self.owner,
            "reason": self.reason,
            "until": self.until.isoformat() if self.until else None,
            "zone": self.zone,
            "note": self.note,
        }

    @classmethod
    def of_json(cls, value: Mapping[str, JsonValue]) -> "Held":
        until = value["until"]
        return cls(
            id=str(value["id"]),
            title=str(value["title"]),
            owner=str(value["owner"]),
            reason=str(value["reason"]),
            until=datetime.fromisoformat(str(until)) if until else None,
            zone=str(value["zone"]) if value["zone"] else None,
            note=str(value["note"]) if value["note"] else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FreezeVersion:
    """A checked freeze. `model` is None when what is stored cannot be read any more: then everything is frozen."""

    id: str
    digest: str
    title: str
    owner: str
    model: Freeze | None = field(repr=False, compare=False)  # the digest tells it apart

    def held(self, subject: Subject, at: datetime) -> Held | None:
        """Is a dispatch of this subject held back at this moment?"""
        if self.model is None:
            return self._held(None, note="its definition cannot be read any more")
        spec = self.model.spec
        try:
            frozen, until = self.frozen_at(at)
        except (RuleFault, ValueError, OverflowError) as error:
            return self._held(None, note=f"its calendar cannot be worked out ({type(error).__name__})")
        if not frozen or not selects(spec.where, subject) or let_through(spec.except_, subject):
            return None
        try:
            wanted = _EVALUATOR.evaluate(parse_template(spec.where.when, pointer="/spec/where/when"), subject.context)
        except ExpressionError as error:
            return self._held(until, note=f"its `when` cannot be worked out here: {error.message}")
        if wanted is False:
            return None
        note = None if wanted is True else "its `when` is neither true nor false here"
        return self._held(until, note=note)

    def frozen_at(self, at: datetime) -> tuple[bool, datetime | None]:
        """Is it frozen at a moment, whatever the subject, and when does that change? Raises `RuleFault`, ValueError."""
        assert self.model is not None
        spec = self.model.spec
        known = _year(self, datetime(at.year, at.month, at.day, tzinfo=UTC))
        inside = next((one for one in known if one.start <= at < one.end), None)
        if spec.frozen == "outside":
            return inside is None, None if inside else next((one.start for one in known if one.start > at), None)
        if inside is None:
            return False, None
        foreseen = inside.end < _FOREVER if spec.calendar is None else inside.end <= at + HORIZON
        return True, inside.end if foreseen else None

    def periods(self, after: datetime, before: datetime) -> list[Period]:
        """Its windows that touch [after, before), merged and in order. Raises `RuleFault`, ValueError."""
        if self.model is None:
            return []
        return [one for one in windows(self.model.spec, after, before) if one.end > after and one.start < before]

    def _held(self, until: datetime | None, *, note: str | None) -> Held:
        spec = self.model.spec if self.model else None
        return Held(
            id=self.id,
            title=self.title,
            owner=self.owner,
            reason=spec.reason if spec else "",
            until=until,
            zone=spec.timezone if spec else None,
            note=note,
        )


def over_at(spec: FreezeSpec) -> datetime | None:
    """When a freeze that comes once is over for good. Raises ValueError."""
    if spec.calendar is not None or spec.frozen == "outside" or spec.until is None:
        return None
    return once(spec).end


def opens(
    freezes: Sequence[FreezeVersion], subject: Subject, at: datetime, *, but: Collection[str] = ()
) -> datetime | None:
    """The first moment from `at` on when none holds (`but` those that are excepted); None when nobody can say."""
    moment, limit = at, at + HORIZON
    while moment <= limit:
        holds = [held for one in freezes if one.id not in but and (held := one.held(subject, moment)) is not None]
        if not holds:
            return moment
        ends = [held.until for held in holds]
        if None in ends:
            return None
        moment = max(end for end in ends if end is not None)
    return None


def windows(spec: FreezeSpec, after: datetime, before: datetime) -> list[Period]:
    """Windows that may touch a stretch of time, merged. Raises `RuleFault`, ValueError."""
    calendar = spec.calendar
    if calendar is None:
        return [once(spec)]
    zone, first = zone_of(spec), parse_moment(calendar.start)
    begin = (after - LONGEST - 2 * _DAY).astimezone(zone).replace(tzinfo=None)
    end = (before + 2 * _DAY).astimezone(zone).replace(tzinfo=None)
    frozen = spec.frozen == "inside"
    found = [
        clocks.period(start, start + calendar.duration, zone, frozen=frozen)
        for start in starts(calendar.rule, first, begin, end)
    ]
    return clocks.merged([one for one in found if one is not None])


def once(spec: FreezeSpec) -> Period:
    """The one window of a freeze without a calendar. Raises ValueError."""
    frozen = spec.frozen == "inside"
    begin = _moment(spec, str(spec.from_), second=not frozen)
    return Period(begin, _FOREVER if spec.until is None else _moment(spec, spec.until, second=frozen))


def zone_of(spec: FreezeSpec) -> ZoneInfo:
    """Raises ValueError."""
    if spec.timezone is None:
        raise ValueError("`timezone` is missing: whose clocks are meant?")
    try:
        return ZoneInfo(spec.timezone)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"There is no time zone `{spec.timezone}`") from error


def _moment(spec: FreezeSpec, text: str, *, second: bool) -> datetime:
    parsed = parse_moment(text)
    if parsed.tzinfo is not None:
        return parsed.astimezone(UTC)
    return clocks.moment(parsed, zone_of(spec), second=second)


@lru_cache(maxsize=1000)
def _year(freeze: FreezeVersion, day: datetime) -> tuple[Period, ...]:
    """Windows from a day on, as far as anybody looks ahead: worked out once a day per process."""
    assert freeze.model is not None
    return tuple(windows(freeze.model.spec, day, day + HORIZON + LONGEST))
