"""What an event asks for, by the expressions of a trigger. Pure: an event is data, and never a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_actions.triggers.model import TriggerSpec
from daytwo_store.triggers import CATALOG, RUNS

Json = Mapping[str, JsonValue]
MOST_ITEMS: Final = 50  # of one event
_LONGEST_KEY: Final = 300
_EVALUATOR: Final = Evaluator()


class Unreadable(ValueError):
    """What could not be worked out, as a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be asked for. `key`: what is one thing to `throttle`."""

    entity: str | None
    inputs: dict[str, JsonValue]
    key: str | None


def items_of(spec: TriggerSpec, event: Json) -> list[JsonValue]:
    """What is answered one by one: the entries of `each`, or the event itself as one without an item.

    Raises `Unreadable`.
    """
    if spec.each is None:
        return [None]
    found = _worked_out(spec.each, "each", {"event": dict(event)})
    if not isinstance(found, list):
        raise Unreadable("`each` came out as something that is no list.")
    return found


def wanted(spec: TriggerSpec, event: Json, item: JsonValue) -> Wanted | None:
    """None: it is not meant. Raises `Unreadable`."""
    if not _listens(spec, event):
        return None
    context: dict[str, JsonValue] = {"event": dict(event)}
    if spec.each is not None:
        context["item"] = item
    meant = _worked_out(spec.when, "when", context)
    if not isinstance(meant, bool):
        raise Unreadable("`when` came out as neither true nor false.")
    if not meant:
        return None
    key = _worked_out(spec.key, "key", context) if spec.key is not None else None
    entity = _worked_out(spec.entity, "entity", context) if spec.entity is not None else None
    inputs = {name: _worked_out(value, f"the input {name}", context) for name, value in spec.inputs.items()}
    return Wanted(
        entity=None if entity is None else str(entity),
        inputs={name: value for name, value in inputs.items() if value is not None},
        key=None if key is None else str(key)[:_LONGEST_KEY],
    )


def _listens(spec: TriggerSpec, event: Json) -> bool:
    """Whether an event of its source is of the kind that it is about."""
    on = spec.on
    if on.source == CATALOG:
        entity = event.get("entity")
        kind = entity.get("kind") if isinstance(entity, dict) else None
        if on.expired is not None:
            return kind == on.catalog and event.get("change") == "expired" and event.get("property") == on.expired
        return kind == on.catalog and event.get("change") in (on.changes or ())
    if on.source == RUNS:
        return event.get("action") == on.run and event.get("state") in (on.ended or ())
    return True


def _worked_out(template: JsonValue, what: str, context: Json) -> JsonValue:
    try:
        found: JsonValue = _EVALUATOR.evaluate(parse_template(template), context)
    except ExpressionError as error:
        raise Unreadable(f"{what} cannot be worked out from it: {error.message}.") from error
    return found
