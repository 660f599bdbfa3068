"""Calendars on the days when the clocks change, and rules that look for ever."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

import pytest

from daytwo_actions.freezes.clocks import Period, merged, moment, period
from daytwo_actions.freezes.freeze import HORIZON, windows
from daytwo_actions.freezes.model import FreezeSpec
from daytwo_actions.freezes.rules import RuleFault, check_rule, starts

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 1, 9)  # noqa: DTZ001


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return at(text).replace(tzinfo=UTC)


def calendar(start: str, rule: str, duration: str, *, frozen: str = "inside") -> FreezeSpec:
    return FreezeSpec.model_validate(
        {
            "reason": "test",
            "timezone": "Europe/Berlin",
            "calendar": {"start": start, "rule": rule, "duration": duration},
            "frozen": frozen,
        }
    )


def between(spec: FreezeSpec, after: str, before: str) -> list[Period]:
    return [one for one in windows(spec, utc(after), utc(before)) if one.end > utc(after) and one.start < utc(before)]


def test_a_window_over_a_change_of_the_clocks_ends_when_the_clock_says_so() -> None:
    weekends = calendar("2026-01-02T16:00", "FREQ=WEEKLY;BYDAY=FR", "64h")  # Friday 16:00 to Monday 08:00
    assert between(weekends, "2026-03-27T00:00", "2026-03-31T00:00") == [
        Period(utc("2026-03-27T15:00"), utc("2026-03-30T06:00"))  # one hour less of it
    ]
    assert between(weekends, "2026-10-23T00:00", "2026-10-27T00:00") == [
        Period(utc("2026-10-23T14:00"), utc("2026-10-26T07:00"))  # one hour more
    ]


def test_a_time_that_the_clocks_skip_is_the_moment_of_the_change() -> None:
    change = utc("2026-03-29T01:00")  # 02:00 becomes 03:00
    assert moment(at("2026-03-29T02:30"), BERLIN, second=False) == change
    assert moment(at("2026-03-29T02:30"), BERLIN, second=True) == change
    assert moment(at("2026-03-29T03:00"), BERLIN, second=False) == change
    assert moment(at("2026-03-29T01:59"), BERLIN, second=False) == change - timedelta(minutes=1)
    nights = calendar("2026-03-01T02:30", "FREQ=DAILY", "15m")
    assert between(nights, "2026-03-29T00:00", "2026-03-29T20:00") == [], "02:30 to 02:45 does not happen that night"
    samoa = ZoneInfo("Pacific/Apia")  # had no 30 December 2011 at all
    assert moment(at("2011-12-30T12:00"), samoa, second=False) == utc("2011-12-30T10:00")


def test_an_hour_that_comes_twice_is_frozen_both_times_and_open_in_neither_half() -> None:
    first, second = utc("2026-10-25T00:15"), utc("2026-10-25T01:15")  # both show 02:15
    assert moment(at("2026-10-25T02:15"), BERLIN, second=False) == first
    assert moment(at("2026-10-25T02:15"), BERLIN, second=True) == second
    frozen = period(at("2026-10-25T02:15"), at("2026-10-25T02:45"), BERLIN, frozen=True)
    assert frozen == Period(first, utc("2026-10-25T01:45"))
    assert period(at("2026-10-25T02:15"), at("2026-10-25T02:45"), BERLIN, frozen=False) is None
    opened = period(at("2026-10-25T01:00"), at("2026-10-25T02:30"), BERLIN, frozen=False)
    assert opened == Period(utc("2026-10-24T23:00"), utc("2026-10-25T00:30"))


def test_windows_that_touch_are_one() -> None:
    always = calendar("2026-01-01T00:00", "FREQ=DAILY", "24h")
    found = windows(always, utc("2026-06-01T00:00"), utc("2026-06-01T00:00") + HORIZON)
    assert len(found) == 1, "nobody can say when it ends"
    a, b, c = (utc(f"2026-01-01T0{hour}:00") for hour in (1, 2, 3))
    assert merged([Period(b, c), Period(a, b), Period(a, c)]) == [Period(a, c)]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=-30",
        "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=7",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMONTH=2;BYSETPOS=366",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
    ],
)
def test_a_rule_without_any_date_is_refused_and_looks_no_further_than_400_years(rule: str) -> None:
    began = monotonic()
    with pytest.raises(RuleFault, match="no date within 10 years"):
        check_rule(rule, START)
    assert monotonic() - began < 60, "by itself dateutil looks through 8,000 years"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("FREQ=SECONDLY", "`FREQ` is one of"),
        ("FREQ=MINUTELY;COUNT=5", "`FREQ` is one of"),
        ("FREQ=DAILY;BYSECOND=0,1,2,3", "time of day"),
        ("FREQ=DAILY;INTERVAL=0", "`INTERVAL`"),
        ("FREQ=DAILY;COUNT=99999999999999999999", "`COUNT`"),
        ("FREQ=DAILY;COUNT=٣", "`COUNT`"),  # an Arabic digit
        ("FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("FREQ=DAILY;UNTIL=20270101T000000Z", "`UNTIL`"),
        ("FREQ=DAILY;UNTIL=soon", "`UNTIL`"),
        ("FREQ=DAILY\nRRULE:FREQ=SECONDLY", "`FREQ`"),
        ("FREQ=DAILY;BYDAY=XX", "cannot be read"),
        ("FREQ=DAILY;BYMONTH=13", "no date|cannot be read"),
        ("RDATE:20260101T000000", "not a part"),
        ("", "not a part"),
        ("FREQ=WEEKLY;COUNT=0", "`COUNT`"),
        ("FREQ=DAILY;UNTIL=20250101", "no date"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_a_sentence(rule: str, said: str) -> None:
    with pytest.raises(RuleFault, match=said):
        check_rule(rule, START)


def test_dates_are_those_of_our_own_years() -> None:
    first = at("2026-01-01T09:00")
    found = starts("FREQ=MONTHLY;BYDAY=-1FR", first, at("2026-11-01T00:00"), at("2027-03-01T00:00"))
    assert [one.date().isoformat() for one in found] == ["2026-11-27", "2026-12-25", "2027-01-29", "2027-02-26"]
    leap = starts("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", first, first, at("2037-01-01T00:00"))
    assert [one.year for one in leap] == [2028, 2032, 2036]
    until = starts("FREQ=DAILY;UNTIL=20260103T090000", first, first, at("2027-01-01T00:00"))
    assert [one.day for one in until] == [1, 2, 3]
    counted = starts("FREQ=DAILY;COUNT=2", first, at("2026-01-02T00:00"), at("2027-01-01T00:00"))
    assert [one.day for one in counted] == [2]


def test_a_long_running_daily_rule_is_asked_quickly_and_in_pieces() -> None:
    found = starts("FREQ=DAILY", datetime(2000, 1, 1, 9), at("2199-01-01T00:00"), at("2199-01-04T00:00"))  # noqa: DTZ001
    assert len(found) == 3
    assert len(starts("FREQ=DAILY", START, START, at("2299-01-01T00:00"))) == 5000, "no answer is longer"
