"""``fields=metadata.name,status.phase`` shows only these, ``fields=-status.nodes`` everything else."""

from collections.abc import Sequence
from typing import Any

Path = tuple[str, ...]


def trimmed(data: Any, fields: str) -> Any:
    """The part of an answer that was asked for. What stands in a list is trimmed one by one."""
    told = [one.strip() for one in fields.split(",") if one.strip()]
    if not told:
        return data
    if told[0].startswith("-"):
        return _without(data, [_path(one.removeprefix("-")) for one in told])
    return _only(data, [_path(one) for one in told])


def _path(text: str) -> Path:
    return tuple(text.split("."))


def _only(data: Any, paths: Sequence[Path]) -> Any:
    if isinstance(data, list):
        return [_only(one, paths) for one in data]
    if not isinstance(data, dict):
        return data
    found = {}
    for key, value in data.items():
        inner = [path[1:] for path in paths if path[0] == key]
        if inner:
            found[key] = value if () in inner else _only(value, inner)
    return found


def _without(data: Any, paths: Sequence[Path]) -> Any:
    if isinstance(data, list):
        return [_without(one, paths) for one in data]
    if not isinstance(data, dict):
        return data
    found = {}
    for key, value in data.items():
        inner = [path[1:] for path in paths if path[0] == key]
        if () not in inner:
            found[key] = _without(value, inner) if inner else value
    return found
