"""Events of other systems: let in by their signature or token, kept once, answered; what waits for them is woken."""

import json
import math
from collections.abc import Mapping
from typing import Final, NoReturn

import structlog
from fastapi import Request
from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, ExpressionError
from daytwo_api.bodies import check_storable
from daytwo_api.repeated import told_once
from daytwo_api.views.events import EventTaken
from daytwo_store import events
from daytwo_store.engine import Store
from daytwo_store.errors import NotFound, Rejected, Unauthenticated
from daytwo_store.events import LONGEST_KEY, NewEvent
from daytwo_workflows.event_sources import EventSource

log = structlog.get_logger()
_NO_JSON: Final = "The body is no JSON object, so nothing was stored. Send one, as application/json."


class Events:
    def __init__(self, store: Store, sources: Mapping[str, EventSource]) -> None:
        self._store = store
        self._sources = sources

    async def receive(self, name: str, request: Request) -> EventTaken:
        """Raises `NotFound`, `Unauthenticated`, `Rejected`: nothing was stored then."""
        source = self._sources.get(name)
        if source is None:
            raise NotFound(f"There is no source of events {name}. Nothing was stored. Sources stand in the settings.")
        body = await request.body()
        try:
            delivery = source.admit(told_once(request.headers, _twice), body)
        except Unauthenticated:
            log.warning("event.refused", kind=name, bytes=len(body))
            raise
        payload = _payload(body)
        key = _key_of(source, payload)
        async with self._store.write() as tx:
            told = NewEvent(source=name, delivery=delivery.name, same_for=delivery.same_for, key=key, payload=payload)
            row = await events.keep(tx, told)
        return EventTaken(stored=row is not None, key=key)


def _twice(header: str) -> Unauthenticated:
    return Unauthenticated(f"Nothing was stored: the header {header} is there more than once. Send it once.")


def _payload(body: bytes) -> dict[str, JsonValue]:
    check_storable(body)
    try:
        value = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Rejected(_NO_JSON) from None
    if not isinstance(value, dict):
        raise Rejected(_NO_JSON)
    return value


def _no_number(_: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError
    return value


def _key_of(source: EventSource, payload: Mapping[str, JsonValue]) -> str | None:
    """None where it has none: it is kept all the same, and nothing waits for it."""
    try:
        value = Evaluator().evaluate(source.key, {"event": dict(payload)})
    except ExpressionError:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or not 0 < len(str(value)) <= LONGEST_KEY:
        return None
    return str(value)
