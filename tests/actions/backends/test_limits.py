"""How long a connection waits when its vendor says "not so fast"."""

from datetime import UTC, datetime, timedelta

import pytest

from daytwo_actions.backends.base import Budget
from daytwo_actions.backends.limits import Limits

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds - 1000.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock=clock, now=clock.now)


def budget(limits: Limits) -> Budget:
    told = limits.budget()
    assert told is not None
    return told


def test_nothing_is_known_and_nothing_held_before_the_first_answer(limits: Limits) -> None:
    assert limits.wait() is None
    assert limits.budget() is None
    limits.told(limit=None, remaining=None, resets_in=None)  # a GitHub Enterprise Server without limits
    assert limits.budget() is None


def test_what_is_left_is_kept_and_its_end_is_by_our_clock(limits: Limits, clock: Clock) -> None:
    limits.told(limit=5000, remaining=4000, resets_in=60.0)
    clock.seconds += 10
    assert limits.budget() == Budget(
        limit=5000, remaining=4000, resets_at=NOON + timedelta(seconds=60), held_until=None
    )


def test_an_answer_that_was_overtaken_does_not_raise_what_is_left(limits: Limits, clock: Clock) -> None:
    limits.told(limit=5000, remaining=40, resets_in=60.0)
    limits.told(limit=5000, remaining=41, resets_in=60.0)
    assert budget(limits).remaining == 40
    clock.seconds += 60
    limits.told(limit=5000, remaining=4999, resets_in=3600.0)
    assert budget(limits).remaining == 4999


def test_the_last_request_of_a_period_holds_until_its_end_to_the_second(limits: Limits, clock: Clock) -> None:
    limits.told(limit=5000, remaining=0, resets_in=90.0)
    assert budget(limits).held_until == NOON + timedelta(seconds=90)
    assert limits.until() == "12:01:30 UTC"
    clock.seconds += 89
    assert limits.wait() == 1.0
    clock.seconds += 1
    assert limits.wait() is None


def test_what_the_vendor_names_is_waited_and_never_less(limits: Limits, clock: Clock) -> None:
    assert limits.refused(30.0, asked_at=clock()) == 30.0
    assert limits.refused(7.0, asked_at=clock()) == 30.0  # the longer of the two holds
    clock.seconds += 30
    assert limits.wait() is None


def test_without_a_time_named_it_waits_a_minute_and_then_longer(limits: Limits, clock: Clock) -> None:
    waited = []
    for _ in range(8):
        waited.append(limits.refused(None, asked_at=clock()))
        clock.seconds += waited[-1] + 1
    assert waited == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    limits.served()
    assert limits.refused(None, asked_at=clock()) == 60


def test_ten_refusals_of_one_moment_are_one(limits: Limits, clock: Clock) -> None:
    asked = clock()
    clock.seconds += 1
    assert {limits.refused(None, asked_at=asked) for _ in range(10)} == {60.0}


def test_nobody_can_hold_us_for_years(limits: Limits) -> None:
    limits.told(limit=5000, remaining=0, resets_in=1e11)
    assert limits.refused(1e12, asked_at=0.0) == 86_400.0
    assert limits.budget() is not None
