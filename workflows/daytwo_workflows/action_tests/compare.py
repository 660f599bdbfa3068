"""What a test expects against what there is: each difference with its place and both sides. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final

from pydantic import JsonValue

ANY: Final = "*"
_CONTEXT: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """`at` is the key of what was expected, as expect.requests; both sides are JSON."""

    at: str
    expected: JsonValue
    seen: JsonValue

    def lines(self) -> list[str]:
        """As a diff: what was expected with a minus, what there is with a plus."""
        if not (isinstance(self.expected, dict | list) or isinstance(self.seen, dict | list)):
            return [f"- {_text(self.expected)}", f"+ {_text(self.seen)}"]
        expected, seen = _text(self.expected).splitlines(), _text(self.seen).splitlines()
        _, _, *rest = unified_diff(expected, seen, lineterm="", n=_CONTEXT)
        return [
            line if line.startswith("@@") else f"{line[0]} {line[1:]}" for line in rest if not line.startswith("@@")
        ]


def equal(at: str, expected: JsonValue, seen: JsonValue) -> list[Difference]:
    return [] if same(expected, seen) else [Difference(at=at, expected=expected, seen=seen)]


def inside(at: str, words: str, seen: str | None) -> list[Difference]:
    """Do these words stand in it? Not minding capitals."""
    if seen is not None and words.casefold() in seen.casefold():
        return []
    return [Difference(at=at, expected=f"… {words} …", seen=seen)]


def covered(at: str, expected: JsonValue, seen: JsonValue) -> list[Difference]:
    """Of a map, members that are not named may be anything; a list has to be the same."""
    shown = like(expected, seen)
    return equal(at, expected, shown)


def like(expected: JsonValue, seen: JsonValue) -> JsonValue:
    """Of what there is, the part that the test speaks of."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        return {key: like(value, seen[key]) for key, value in expected.items() if key in seen}
    return seen


def same(one: JsonValue, other: JsonValue) -> bool:
    """As JSON: true is not 1, and 1.0 is. `*` stands for any value that is there."""
    if one == ANY:
        return other is not None
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if (
        isinstance(one, Sequence)
        and isinstance(other, Sequence)
        and not isinstance(one, str)
        and not isinstance(other, str)
    ):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _text(value: JsonValue) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
