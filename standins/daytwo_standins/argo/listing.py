"""Lists: selectors, order, pages."""

import datetime
import time
from collections.abc import Iterable, Sequence
from typing import Any

from daytwo_standins.argo.calls import Call
from daytwo_standins.argo.interpreter.selectors import SelectorError, matches_fields, matches_labels
from daytwo_standins.argo.problems import invalid
from daytwo_standins.argo.runs import Run
from daytwo_standins.argo.views import labels


def selects(call: Call, name: str, own: dict[str, str], namespace: str) -> bool:
    """Whether an object is among those that a request is about.

    Raises:
        ApiError: a selector cannot be read.
    """
    selector = call.option("listOptions.fieldSelector")
    fields = {"metadata.name": name, "metadata.namespace": namespace}
    part = {"Prefix": name.startswith, "Contains": name.__contains__}.get(call.option("nameFilter"))
    if part is not None:
        told = selector.partition("metadata.name=")[2].split(",")[0]
        fields["metadata.name"] = told if part(told) else name
    try:
        return matches_labels(call.option("listOptions.labelSelector"), own) and matches_fields(selector, fields)
    except SelectorError as error:
        raise invalid(str(error)) from error


def wanted(call: Call, run: Run) -> bool:
    """The same for a workflow; one that lags behind is not shown yet."""
    accepted = run.accepted
    if call.namespace and accepted.namespace != call.namespace:
        return False
    if accepted.effects.invisible_until > time.time() or accepted.effects.deleted:
        return False
    if not accepted.name.startswith(call.option("namePrefix")):
        return False
    after, before = _moment(call, "createdAfter"), _moment(call, "finishedBefore")
    if (after and accepted.received_at < after) or (before and (run.state.finished_at or before) >= before):
        return False
    return selects(call, accepted.name, labels(run), accepted.namespace)


def newest_first(runs: Iterable[Run]) -> list[Run]:
    """What runs and what began last before the others."""
    return sorted(runs, key=lambda run: (not run.state.ended, run.accepted.received_at), reverse=True)


def page(call: Call, items: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """The page that was asked for, and the metadata of the list; ``continue`` is an offset."""
    limit, start = _number(call, "listOptions.limit"), _number(call, "listOptions.continue")
    shown = items[start : start + limit] if limit else items[start:]
    rest = len(items) - start - len(shown)
    facts: dict[str, Any] = {"resourceVersion": str(call.standin.engine.version)}
    if rest > 0:
        facts |= {"continue": str(start + len(shown)), "remainingItemCount": rest}
    return shown, facts


def _number(call: Call, name: str) -> int:
    text = call.option(name, "0")
    if not text.isdigit() or len(text) > 9:
        raise invalid(f"{name} must be a number, not {text}")
    return int(text)


def _moment(call: Call, name: str) -> float:
    text = call.option(name)
    try:
        return datetime.datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError as error:
        raise invalid(f"{name} is no time: {text}") from error
