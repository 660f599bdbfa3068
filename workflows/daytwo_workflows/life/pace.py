"""How often a connection's poller may look, so that it stays within its budget of requests and nothing stays unseen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daytwo_actions.backends.base import Budget, Traits
from daytwo_store.settings import Windows

_HOUR: Final = 3600.0
_SHARE: Final = 0.5  # of the vendor's limit that is ours, unless the settings say otherwise
_UNLIMITED: Final = 20_000.0  # requests an hour where nobody has named a limit
_LOOK: Final = 3.0  # requests of a look at one run: its state, its jobs, a log
_SPARE: Final = 0.9  # of what the vendor says is left: others use the credential too


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What there is to be asked for."""

    round: float  # requests of one look at every project
    watched: int  # runs that somebody has open
    others: float  # requests an hour that something else here makes: sends, looks after webhooks, ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Seconds between two looks at one project, and at one run that somebody has open; is there room for more?"""

    project: float
    watched: float
    room: bool


def allowed(traits: Traits, budget: Budget | None, setting: int | None, *, now: datetime) -> float:
    """Requests an hour that this connection may make."""
    if setting is not None:
        return float(setting)
    if traits.requests_per_hour is None:
        return _UNLIMITED
    told = budget.limit if budget is not None and traits.by_the_hour else None
    limit = told or traits.requests_per_hour
    share = limit * _SHARE
    if budget is None or budget.remaining is None or budget.resets_at is None:
        return share
    left = max(60.0, (budget.resets_at - now).total_seconds())
    return max(1.0, min(share, budget.remaining * _SPARE * _HOUR / left))


def pace_of(wish: Wish, per_hour: float, windows: Windows) -> Pace:
    """Projects come first: every change is to be seen in time. What is left is for those who look.

    When somebody looks, projects are asked less often, but never later than `poll_at_least` because of it.
    """
    usual, slowest = windows.poll_every.total_seconds(), windows.poll_at_least.total_seconds()
    fastest = windows.watched_every.total_seconds()
    looks = wish.watched * _LOOK * _HOUR / fastest
    wanted = wish.round * _HOUR / max(per_hour - wish.others - looks, 1.0)
    needed = wish.round * _HOUR / per_hour
    project = min(max(wanted, usual), max(slowest, needed))
    left = per_hour - wish.others - wish.round * _HOUR / project
    watched = max(fastest, wish.watched * _LOOK * _HOUR / max(left, per_hour / 20))
    return Pace(project=project, watched=watched, room=left - wish.watched * _LOOK * _HOUR / watched > per_hour / 10)
