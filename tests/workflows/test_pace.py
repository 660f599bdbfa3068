"""How often the poller looks: within the budget, in time, and faster for what somebody looks at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from daytwo_actions.backends.argo import backend as argo
from daytwo_actions.backends.base import Budget, Traits
from daytwo_actions.backends.github import backend as github
from daytwo_actions.backends.gitlab import backend as gitlab
from daytwo_store.settings import Windows
from daytwo_workflows.life.pace import Wish, allowed, pace_of
from daytwo_workflows.life.spending import Spending

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GITHUB = Traits(kind="github", title="GitHub", live_logs=False, requests_per_hour=5000)
WINDOWS = Windows()


def an_hour(wish: Wish, per_hour: float) -> float:
    """Requests an hour at the pace that is given."""
    pace = pace_of(wish, per_hour, WINDOWS)
    return wish.round * 3600 / pace.project + wish.watched * 3 * 3600 / pace.watched


def test_twenty_repositories_fit_into_half_of_githubs_limit_and_are_seen_within_a_minute() -> None:
    wish = Wish(round=20, watched=0, others=0)
    pace = pace_of(wish, 2500, WINDOWS)
    assert pace.project == pytest.approx(28.8)
    assert an_hour(wish, 2500) <= 2500


def test_one_repository_is_looked_at_as_often_as_is_usual() -> None:
    assert pace_of(Wish(round=1, watched=0, others=0), 2500, WINDOWS).project == 15


def test_whoever_looks_takes_from_the_rest_but_no_change_stays_unseen() -> None:
    pace = pace_of(Wish(round=20, watched=1, others=0), 2500, WINDOWS)
    assert pace.project == 50
    assert 2.5 < pace.watched < 15
    assert an_hour(Wish(round=20, watched=1, others=0), 2500) <= 2500
    alone = pace_of(Wish(round=1, watched=1, others=0), 20_000, WINDOWS)
    assert (alone.project, alone.watched) == (15, 2.5)


def test_the_budget_wins_over_being_in_time() -> None:
    wish = Wish(round=100, watched=3, others=0)
    assert pace_of(wish, 2500, WINDOWS).project == 144
    assert an_hour(wish, 2500) <= 2500 * 1.06, "a twentieth is always for those who look"


def test_what_the_vendor_allows() -> None:
    hour = Budget(limit=15_000, remaining=None, resets_at=None, held_until=None)
    assert allowed(GITHUB, None, None, now=NOW) == 2500
    assert allowed(GITHUB, hour, None, now=NOW) == 7500
    assert allowed(GITHUB, hour, 900, now=NOW) == 900
    low = replace(hour, remaining=100, resets_at=NOW + timedelta(minutes=30))
    assert allowed(GITHUB, low, None, now=NOW) == pytest.approx(180), "others use the credential too"
    assert allowed(replace(GITHUB, requests_per_hour=None), None, None, now=NOW) > 10_000


@pytest.mark.parametrize("traits", [github.TRAITS, gitlab.TRAITS, argo.TRAITS], ids=lambda one: one.kind)
def test_every_kind_keeps_to_a_budget(traits: Traits) -> None:
    per_hour = allowed(traits, None, None, now=NOW)
    assert per_hour == 2500
    assert allowed(traits, None, 12_000, now=NOW) == 12_000
    for wish in (Wish(round=20, watched=0, others=0), Wish(round=20, watched=4, others=200)):
        pace = pace_of(wish, per_hour, WINDOWS)
        assert pace.project <= 60, "every change is seen in time"
        assert an_hour(wish, per_hour) + wish.others <= 2500 * 1.06


@pytest.mark.parametrize("traits", [gitlab.TRAITS, argo.TRAITS], ids=lambda one: one.kind)
def test_a_limit_of_a_minute_or_a_second_is_not_taken_for_one_of_an_hour(traits: Traits) -> None:
    minute = Budget(limit=600, remaining=590, resets_at=NOW + timedelta(seconds=50), held_until=None)
    second = Budget(limit=1000, remaining=999, resets_at=None, held_until=None)
    assert allowed(traits, minute, None, now=NOW) == allowed(traits, second, None, now=NOW) == 2500
    assert allowed(traits, replace(minute, remaining=10), None, now=NOW) == pytest.approx(540), "others use it too"


def test_what_was_spent_is_forgotten_after_an_hour() -> None:
    at = [0.0]
    spending = Spending(lambda: at[0])
    for _ in range(600):
        at[0] += 1
        spending.note()
    assert spending.last_hour() == spending.total == 600
    assert spending.rate() == pytest.approx(3600, rel=0.02)
    at[0] += 3500
    spending.note()
    assert 90 <= spending.last_hour() <= 110
