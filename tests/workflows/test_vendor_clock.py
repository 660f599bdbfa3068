"""How far a CI system's clock is behind ours, by what its answers say, and what that proves."""

from datetime import UTC, datetime, timedelta

import pytest

from daytwo_workflows.life.vendor_clock import SKEW, VendorClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize("by", [-600, -20, 0, 20, 600, 3000])
def test_one_that_stays_as_wrong_is_understood(by: float) -> None:
    clock = VendorClock(least=None)
    assert clock.learn(NOW, ago(by)) == (by > 30)
    later = NOW + timedelta(minutes=4)
    assert not clock.learn(later, later - timedelta(seconds=by)), "nothing new"
    assert clock.since(NOW) == ago(max(by, 0)) - SKEW
    assert clock.reached(later - timedelta(seconds=by), later)
    assert not clock.reached(later - timedelta(seconds=by), later + timedelta(seconds=2))


def test_a_right_one_or_one_that_answers_slowly_is_not_moved() -> None:
    clock = VendorClock(least=None)
    assert not clock.learn(NOW, ago(4.9))
    assert not clock.learn(NOW, ago(-4.9))
    assert (clock.wrong, clock.since(NOW)) == (False, NOW - SKEW)


def test_without_a_header_nothing_is_learnt_and_nothing_is_proven() -> None:
    clock = VendorClock(least=None)
    assert not clock.learn(NOW, None)
    assert (clock.wrong, clock.reached(None, ago(3600))) == (False, False)


def test_one_that_was_right_before_the_send_has_to_reach_the_moment_itself() -> None:
    """What is ten minutes behind only since then may be an old answer out of a cache."""
    clock = VendorClock()
    assert clock.learn(NOW, ago(600))
    assert clock.since(NOW) == ago(660), "and it is looked for from so much earlier"
    assert not clock.reached(ago(600), ago(590))
    assert clock.reached(ago(600), ago(600))


def test_one_that_was_wrong_before_the_send_and_is_set_since_is_looked_for_where_it_was() -> None:
    clock = VendorClock(least=600, most=600)
    assert not clock.learn(NOW, NOW)
    assert clock.since(NOW) == ago(660)
    assert clock.reached(NOW, NOW)
    assert not clock.reached(ago(60), NOW), "no older answer counts any more"


def test_a_fast_one_proves_nothing_by_an_old_answer() -> None:
    clock = VendorClock(least=None)
    clock.learn(NOW, ago(-600))
    assert not clock.reached(ago(-500), NOW)
    assert clock.reached(ago(-600), NOW)


def test_one_that_is_hours_behind_is_not_followed() -> None:
    clock = VendorClock(least=None)
    assert clock.learn(NOW, ago(10_000))
    assert (clock.readable, clock.slow, clock.since(NOW)) == (False, True, ago(3660))
