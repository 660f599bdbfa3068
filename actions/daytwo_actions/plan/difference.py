"""What changed between two plans of the same run, by dotted name: the reason why an approval is void."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_actions.plan.model import Json, Plan

# Not part of what is approved again: the deadline moves with each plan, and the bytes repeat what stands beside them.
_IGNORED = frozenset({"approval.expires_at"})
# A rule that holds by now, where people were asked because it did not: they have decided, and that stands.
_RULE = re.compile(r"approval(\.then\[\d+\])?\.rule")


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: JsonValue
    after: JsonValue

    def as_json(self) -> dict[str, JsonValue]:
        return {"field": self.name, "before": self.before, "after": self.after}


def differences(before: Json, after: Json) -> list[Change]:
    """Leaves that differ between two JSON documents, in order of their names."""
    old, new = dict(_leaves("", dict(before))), dict(_leaves("", dict(after)))
    return [
        Change(name, old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def drift(before: Plan, after: Plan) -> list[Change]:
    """What of an approved plan no longer holds."""
    return [
        change
        for change in differences(before.model_dump(mode="json"), after.model_dump(mode="json"))
        if change.name not in _IGNORED and not (change.before is None and _RULE.fullmatch(change.name))
    ]


def _leaves(name: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(f"{name}[{index}]", inner)
    else:
        yield name, value
