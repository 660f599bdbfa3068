"""The filters of lists. https://docs.gitlab.com/api/pipelines/#list-project-pipelines"""

import datetime
from collections.abc import Callable
from typing import Final, TypeVar

from starlette.datastructures import QueryParams

from daytwo_standins.gitlab.pipelines import Pipeline
from daytwo_standins.gitlab.problems import invalid_parameter
from daytwo_standins.gitlab.records import ENDED, Job, Status
from daytwo_standins.gitlab.views import name_of, user_id, when

T = TypeVar("T")
_SCOPES: Final[dict[str, Callable[[Pipeline], bool]]] = {
    "running": lambda one: one.state.status is Status.RUNNING,
    "pending": lambda one: one.state.status is Status.PENDING,
    "finished": lambda one: one.state.status in ENDED,
    "branches": lambda one: not one.accepted.tag,
    "tags": lambda one: one.accepted.tag,
}
_ORDERS: Final[dict[str, Callable[[Pipeline], tuple[object, int]]]] = {
    "id": lambda one: (0, one.id),
    "status": lambda one: (str(one.state.status), one.id),
    "ref": lambda one: (one.accepted.ref, one.id),
    "updated_at": lambda one: (one.state.updated_at, one.id),
    "user_id": lambda one: (user_id(one.accepted.actor), one.id),
}


def filtered(found: list[Pipeline], query: QueryParams, now: float, *, skew: float = 0.0) -> list[Pipeline]:
    """The pipelines that were asked for, in the order that was asked for, by a clock that is ``skew`` seconds ahead.

    Raises:
        ApiError: 400 for a value that a filter does not have.
    """
    matches, scope = _matches(query, skew), _one_of(query, "scope", _SCOPES)
    key = _one_of(query, "order_by", _ORDERS) or _ORDERS["id"]
    if query.get("sort", "desc") not in {"asc", "desc"}:
        raise invalid_parameter("sort", "does not have a valid value")
    if query.get("status") and query["status"] not in set(Status):
        raise invalid_parameter("status", "does not have a valid value")
    shown = [one for one in found if _visible(one, now) and matches(one) and (scope is None or scope(one))]
    return sorted(shown, key=key, reverse=query.get("sort", "desc") == "desc")


def jobs_in_scope(jobs: tuple[Job, ...], query: QueryParams) -> list[Job]:
    """The jobs whose status was asked for (``scope`` or ``scope[]``), the newest first.

    Raises:
        ApiError: 400 for a status that there is not.
    """
    wanted = {*query.getlist("scope[]"), *query.getlist("scope")}
    if wanted - set(Status):
        raise invalid_parameter("scope", "does not have a valid value")
    shown = [job for job in jobs if not wanted or job.status in wanted]
    return sorted(shown, key=lambda job: job.index, reverse=True)


def _visible(one: Pipeline, now: float) -> bool:
    return not one.accepted.effects.deleted and one.accepted.effects.invisible_until <= now


def _matches(query: QueryParams, skew: float) -> Callable[[Pipeline], bool]:
    text = {name: query[name] for name in ("ref", "sha", "username", "source", "name", "status") if query.get(name)}
    spans = {
        name: _time(query, name) for name in ("created_after", "created_before", "updated_after", "updated_before")
    }

    def matches(one: Pipeline) -> bool:
        accepted = one.accepted
        facts: dict[str, str | None] = {
            "ref": accepted.ref,
            "sha": accepted.head_sha,
            "username": accepted.actor,
            "source": accepted.source,
            "name": name_of(one),
            "status": str(one.state.status),
        }
        if any(facts[name] != value for name, value in text.items()):
            return False
        if "source" not in text and accepted.parent is not None:
            return False  # child pipelines are listed only when they are asked for
        times = {"created": one.state.created_at, "updated": one.state.updated_at}
        return all(_in_span(times[name.partition("_")[0]] + skew, name, bound) for name, bound in spans.items())

    return matches


def _in_span(value: float, name: str, bound: float | None) -> bool:
    if bound is None:
        return True
    shown = datetime.datetime.fromisoformat(str(when(value))).timestamp()  # what the API shows has milliseconds
    return shown > bound if name.endswith("after") else shown < bound


def _time(query: QueryParams, name: str) -> float | None:
    if not query.get(name):
        return None
    try:
        found = datetime.datetime.fromisoformat(query[name])
    except ValueError as error:
        raise invalid_parameter(name, "is invalid") from error
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def _one_of(query: QueryParams, name: str, table: dict[str, T]) -> T | None:
    if not query.get(name):
        return None
    if query[name] not in table:
        raise invalid_parameter(name, "does not have a valid value")
    return table[query[name]]
