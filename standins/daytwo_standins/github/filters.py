"""The filters of run listings.

``created`` takes a date or time, ``>``, ``>=``, ``<``, ``<=`` before it, or ``a..b`` with ``*`` for an open end:
https://docs.github.com/en/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax
"""

import datetime
from collections.abc import Callable

from starlette.datastructures import QueryParams

from daytwo_standins.github.problems import ApiError
from daytwo_standins.github.runs import Run

_DAY = datetime.timedelta(days=1)
MOST = 1_000  # a filtered listing ends there


def run_filter(query: QueryParams, *, skew: float = 0.0) -> Callable[[Run], bool]:
    """Whether a run is among those that were asked for, by a clock that is ``skew`` seconds ahead.

    Raises:
        ApiError: 422 for a time that cannot be read.
    """
    wanted = {name: query[name] for name in ("event", "branch", "actor", "status", "head_sha") if query.get(name)}
    after, before = created_range(query.get("created") or "")

    def matches(run: Run) -> bool:
        accepted = run.accepted
        facts = {
            "event": {"workflow_dispatch"},
            "branch": {accepted.ref.split("/", 2)[2]},
            "actor": {accepted.actor},
            "status": {str(run.latest.status), str(run.latest.conclusion)},
            "head_sha": {accepted.head_sha},
        }
        if any(value not in facts[name] for name, value in wanted.items()):
            return False
        second = float(int(accepted.received_at + skew))  # what the API shows has no fraction
        return after <= second < before

    return matches


def created_range(text: str) -> tuple[float, float]:
    """From (inclusive) and to (exclusive), in seconds since the epoch."""
    low, high = float("-inf"), float("inf")
    if not text:
        return low, high
    if ".." in text:
        start, _, end = text.partition("..")
        return (low if start == "*" else _span(start)[0], high if end == "*" else _span(end)[1])
    for sign in (">=", "<=", ">", "<"):
        if text.startswith(sign):
            first, past = _span(text.removeprefix(sign))
            return {">=": (first, high), "<=": (low, past), ">": (past, high), "<": (low, first)}[sign]
    return _span(text)


def _span(text: str) -> tuple[float, float]:
    """The first second of a time or day, and the first one after it."""
    try:
        start = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ApiError(422, f"Invalid value for 'created': {text}") from error
    if start.tzinfo is None:
        start = start.replace(tzinfo=datetime.UTC)
    length = _DAY.total_seconds() if "T" not in text else 1.0
    return start.timestamp(), start.timestamp() + length
