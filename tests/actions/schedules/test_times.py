"""When a schedule is due: cron on the clocks of a zone, on the days when these change too."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from daytwo_actions.schedules import MOST_COUNTED, CronFault, TimeFault, Times, times_of

SPRING = datetime(2027, 3, 27, 12, tzinfo=UTC)  # in Berlin the clocks go forward at 02:00 of the 28th
AUTUMN = datetime(2027, 10, 30, 12, tzinfo=UTC)  # and back at 03:00 of the 31st


def berlin(cron: str) -> Times:
    return times_of(cron=cron, at=None, timezone="Europe/Berlin")


def shown(times: Times, after: datetime, most: int) -> list[str]:
    return [times.local(due.at) for due in times.upcoming(after, most)]


def test_a_time_that_the_clocks_skip_is_due_when_they_change_and_says_so() -> None:
    times = berlin("30 2 * * *")
    assert shown(times, SPRING, 3) == [
        "Sun 28 Mar 2027 03:00 CEST",
        "Mon 29 Mar 2027 02:30 CEST",
        "Tue 30 Mar 2027 02:30 CEST",
    ]
    first, second, *_ = times.upcoming(SPRING, 2)
    assert first.note == (
        "02:30 does not exist on this day, because the clocks go forward: it runs when they do, at 03:00."
    )
    assert second.note is None


def test_a_time_that_comes_twice_is_due_the_first_time_and_says_so() -> None:
    times = berlin("30 2 * * *")
    assert shown(times, AUTUMN, 2) == ["Sun 31 Oct 2027 02:30 CEST", "Mon 01 Nov 2027 02:30 CET"]
    assert times.upcoming(AUTUMN, 1)[0].note == (
        "02:30 comes twice on this day, because the clocks go back: it runs the first time."
    )


def test_what_is_about_passing_time_is_due_every_half_hour_whatever_the_clocks_do() -> None:
    for change in (SPRING, AUTUMN):
        due = berlin("*/30 * * * *").upcoming(change, 60)
        assert {later.at - one.at for one, later in pairwise(due)} == {timedelta(minutes=30)}
    notes = [due.note for due in berlin("*/30 * * * *").upcoming(SPRING, 60) if due.note]
    assert notes == ["The clocks have gone forward: 02:00 to 02:30 did not exist on this day, and nothing ran then."]
    twice = [due.note for due in berlin("*/30 * * * *").upcoming(AUTUMN, 60) if due.note]
    assert len(twice) == 2
    assert all("the second time" in str(note) for note in twice)


def test_both_kinds_of_day_mean_one_of_them_and_a_star_means_both() -> None:
    dates = [due.at.day for due in berlin("0 9 13 * fri").upcoming(datetime(2026, 1, 1, tzinfo=UTC), 4)]
    assert dates == [2, 9, 13, 16], "every Friday, and the 13th"
    assert berlin("0 9 */2 * mon").upcoming(datetime(2026, 1, 1, tzinfo=UTC), 1)[0].at.day == 5


def test_leap_days_are_found_and_days_that_never_come_are_refused() -> None:
    assert shown(berlin("0 0 29 2 *"), SPRING, 1) == ["Tue 29 Feb 2028 00:00 CET"]
    with pytest.raises(CronFault, match="no day 30 in the months"):
        berlin("0 0 30 2 *")
    assert berlin("0 0 30 2 mon").next(SPRING) is not None, "Mondays in February come"


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("* * * *", "five fields"),
        ("@daily", "@daily are not known"),
        ("60 * * * *", "no minute"),
        ("0 24 * * *", "no hour"),
        ("5-1 * * * *", "runs backwards"),
        ("*/0 * * * *", "no step"),
        ("1/2/3 * * * *", "no step"),
        ("0 0 * * funday", "no day of the week"),
        ("0 0 * * 8", "0 to 7"),
        ("\u0663 0 * * *", "no minute"),
        ("0,,1 * * * *", "no minute"),
        ("1," * 100 + "1 * * * *", "200 characters"),
    ],
)
def test_what_is_no_cron_expression_is_told(cron: str, said: str) -> None:
    with pytest.raises(CronFault, match=said):
        berlin(cron)


def test_zones_and_dates_that_do_not_exist_are_told() -> None:
    for zone in ("Europe/Atlantis", "../etc/passwd", "", "x" * 300):
        with pytest.raises(TimeFault, match="no time zone"):
            times_of(cron="0 0 * * *", at=None, timezone=zone)
    with pytest.raises(TimeFault, match="no such time"):
        times_of(cron=None, at="2027-02-30T02:00", timezone="Europe/Berlin")
    with pytest.raises(TimeFault, match="one of them only"):
        times_of(cron="0 0 * * *", at="2027-02-01T02:00", timezone="Europe/Berlin")


def test_once_is_once_on_the_clocks_of_its_zone() -> None:
    once = times_of(cron=None, at="2027-03-28T02:30", timezone="Europe/Berlin")
    assert [due.at for due in once.upcoming(SPRING, 10)] == [datetime(2027, 3, 28, 1, tzinfo=UTC)]
    assert once.next(datetime(2027, 3, 28, 1, tzinfo=UTC)) is None
    exact = times_of(cron=None, at="2027-03-28T02:30+05:00", timezone="Europe/Berlin")
    assert exact.next(SPRING) == datetime(2027, 3, 27, 21, 30, tzinfo=UTC)


def test_years_of_missed_minutes_are_bounded() -> None:
    minutes, now = berlin("* * * * *"), datetime(2027, 1, 1, tzinfo=UTC)
    assert minutes.last(now - timedelta(days=2000), now) == now
    assert minutes.count(now - timedelta(days=2000), now) == MOST_COUNTED
    assert minutes.count(now - timedelta(minutes=7), now) == 7
    assert berlin("0 0 1 2 *").last(now - timedelta(days=2000), now) == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert berlin("0 0 1 6 *").last(now - timedelta(days=1), now) is None
