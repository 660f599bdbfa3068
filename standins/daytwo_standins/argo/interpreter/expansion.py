"""``withItems`` and ``withParam``: one step or task becomes several."""

import json
from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.booleans import ExpressionError
from daytwo_standins.argo.interpreter.tags import fill, text_of

_ROOM = 100  # of an item in a name


def expands(step: Mapping[str, Any]) -> bool:
    """Whether it is one for several."""
    return step.get("withItems") is not None or step.get("withParam") is not None


def expanded(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The step once for each item, ``{{item}}`` replaced, with the number and the item in its name.

    Raises:
        ExpressionError: ``withParam`` is not a JSON list.
    """
    plain = {key: value for key, value in step.items() if key not in {"withItems", "withParam", "name"}}
    found = []
    for number, item in enumerate(_items(step)):
        one = fill(plain, _values(item))
        found.append({**one, "name": f"{step['name']}({number}:{_label(item)[:_ROOM]})"})
    return found


def _items(step: Mapping[str, Any]) -> list[Any]:
    if step.get("withItems") is not None:
        return list(step["withItems"])
    try:
        items = json.loads(step["withParam"])
    except ValueError as error:
        raise ExpressionError(f"withParam value could not be parsed as a JSON list: {step['withParam']}") from error
    if not isinstance(items, list):
        raise ExpressionError(f"withParam value could not be parsed as a JSON list: {step['withParam']}")
    return items


def _values(item: Any) -> dict[str, str]:
    fields = item if isinstance(item, dict) else {}
    return {"item": text_of(item), **{f"item.{key}": text_of(value) for key, value in fields.items()}}


def _label(item: Any) -> str:
    if isinstance(item, dict):
        return ",".join(f"{key}:{text_of(value)}" for key, value in sorted(item.items()))
    return text_of(item)
