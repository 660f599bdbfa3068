"""The functions, filters and tests that expressions may use, and nothing else.

Names and meaning follow GitHub's functions and Jinja's filters, with two differences: comparing text minds the case,
and null is never turned into the text "None". The engine's own filters are not offered: they turn null into text,
order text against numbers and let `replace` grow a value without bound (all seen with minijinja 3.0.5).

Everything here takes plain JSON values and raises `Unfit` with a sentence for people that repeats no value.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Final, TypeGuard
from urllib.parse import quote

import rfc8785

MAX_TEXT: Final = 64 * 1024  # characters that one call may produce
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}|[{}]")


class Unfit(ValueError):
    """A value that a function, filter or operator cannot work with. Its text is a sentence without the value."""


@dataclass(frozen=True, slots=True)
class Function:
    """Something callable, with how many arguments it takes (the piped value of a filter included)."""

    run: Callable[..., object]
    least: int
    most: int


def kind(value: object) -> str:
    """What a value is, as a noun with its article."""
    if value is None:
        return "null"
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "text"),
        (Mapping, "a map"),
        (Sequence, "a list"),
    )
    return next((name for type_, name in names if isinstance(value, type_)), "not JSON")


def number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_text(value: object) -> str:
    """A value joined into text. Null, lists and maps have no obvious text and are refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return rfc8785.dumps(value).decode()
    if value is None:
        raise Unfit("Null cannot be joined into text; say what to write instead with `default`")
    raise Unfit(f"{kind(value).capitalize()} cannot be joined into text; use `join` or `toJSON`")


def order(sign: str, left: object, right: object) -> bool:
    """`<`, `<=`, `>`, `>=` between two numbers or two texts."""
    if number(left) and number(right):
        return _ordered(sign, less=left < right, equal=left == right)
    if isinstance(left, str) and isinstance(right, str):
        return _ordered(sign, less=left < right, equal=left == right)
    turn = (number(left) and isinstance(right, str)) or (isinstance(left, str) and number(right))
    advice = "; turn one into the other with `float` or `string`" if turn else ""
    raise Unfit(f"{kind(left).capitalize()} cannot be ordered against {kind(right)}{advice}")


def negated(value: object) -> object:
    if number(value):
        return -value
    raise Unfit(f"{kind(value).capitalize()} cannot be negated; only numbers can")


def multiply(left: object, right: object) -> object:
    """Numbers only: repeating a text or a list is how a short expression fills the memory."""
    if number(left) and number(right):
        return left * right
    raise Unfit(f"{kind(left).capitalize()} cannot be multiplied by {kind(right)}; only numbers can")


def concat(*values: object) -> str:
    return bounded("".join(as_text(value) for value in values))


def part(value: object, first: object, last: object) -> object:
    """`value[first:last]` of a text or a list."""
    if isinstance(value, str | list | tuple):
        return value[_index(first) : _index(last)]
    raise Unfit(f"{kind(value).capitalize()} cannot be sliced; only text and lists can")


def bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Unfit(f"The text grew over {MAX_TEXT} characters")
    return text


def storable(text: str) -> str:
    """What JSON, UTF-8 and PostgreSQL's JSONB all take."""
    if "\0" in text:
        raise Unfit("The text contains a NUL character, which cannot be stored")
    if not text.isascii() and _SURROGATE.search(text):
        raise Unfit("The text is not Unicode: it contains half of a surrogate pair")
    return text


def contains(where: object, what: object) -> bool:
    if isinstance(where, str):
        return text(what) in where
    if isinstance(where, Sequence):
        return any(same(item, what) for item in where)
    raise Unfit(f"`contains` looks into text or a list, and this is {kind(where)}")


def same(left: object, right: object) -> bool:
    """Equal as JSON: true is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def text(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit(f"Text is needed here, and this is {kind(value)}; `string` turns a number into text")
    return value


def sequence(value: object) -> Sequence[object]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Unfit(f"A list is needed here, and this is {kind(value)}")
    return value


def formatted(template: object, *values: object) -> str:
    """GitHub's `format`: `{0}`, `{1}` …; `{{` and `}}` for braces."""

    def fill(found: re.Match[str]) -> str:
        if found.group() in ("{{", "}}"):
            return found.group()[0]
        if found.group(1) is None:
            raise Unfit("A brace in `format` is written twice, or as a number between braces")
        if int(found.group(1)) >= len(values):
            raise Unfit(f"`format` has no value for {{{int(found.group(1))}}}")
        return as_text(values[int(found.group(1))])

    # Bounded before it grows: every placeholder may hold the longest of the values.
    longest = max((len(as_text(value)) for value in values), default=0)
    if longest * len(_PLACEHOLDER.findall(text(template))) > MAX_TEXT * 4:
        raise Unfit(f"The text grew over {MAX_TEXT} characters")
    return bounded(_PLACEHOLDER.sub(fill, text(template)))


def joined(values: object, separator: object = ",") -> str:
    items = [as_text(item) for item in sequence(values)]
    if sum(map(len, items)) + len(text(separator)) * len(items) > MAX_TEXT * 2:
        raise Unfit(f"The text grew over {MAX_TEXT} characters")
    return bounded(text(separator).join(items))


def replaced(value: object, old: object, new: object) -> str:
    whole, gone, put = text(value), text(old), text(new)
    if not gone:
        raise Unfit("`replace` needs to know what to replace; its first text is empty")
    if len(whole) + whole.count(gone) * len(put) > MAX_TEXT * 2:
        raise Unfit(f"The text grew over {MAX_TEXT} characters")
    return bounded(whole.replace(gone, put))


def split(value: object, separator: object) -> list[str]:
    if not text(separator):
        raise Unfit("`split` needs to know where to cut; its separator is empty")
    return text(value).split(text(separator))


def url_encoded(value: object) -> str:
    """As one part of an address: nothing in it divides, climbs or ends anything."""
    written = as_text(value)
    if written in (".", ".."):
        raise Unfit("This cannot be a part of an address: `.` and `..` lead elsewhere")
    return bounded(quote(written, safe=""))


def to_json(value: object) -> str:
    try:
        return bounded(rfc8785.dumps(value).decode())  # type: ignore[arg-type]  # refuses what is not JSON by raising
    except (rfc8785.CanonicalizationError, RecursionError) as fault:
        raise Unfit("This cannot be written as JSON") from fault


def from_json(value: object) -> object:
    def refuse(_: str) -> object:
        raise Unfit("not JSON")

    source = text(value)
    try:
        return json.loads(source, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Unfit("This text is not JSON") from None


def length(value: object) -> int:
    if isinstance(value, str | Mapping | Sequence):
        return len(value)
    raise Unfit(f"{kind(value).capitalize()} has no length")


def first(value: object) -> object:
    items = value if isinstance(value, str) else sequence(value)
    if not items:
        raise Unfit("An empty list has no first item")
    return items[0]


def last(value: object) -> object:
    items = value if isinstance(value, str) else sequence(value)
    if not items:
        raise Unfit("An empty list has no last item")
    return items[-1]


def ordered(value: object) -> list[object]:
    items = sequence(value)
    for left, right in pairwise(items):
        order("<", left, right)
    return [*sorted(item for item in items if isinstance(item, str)), *sorted(filter(number, items))]


def smallest(value: object) -> object:
    return first(ordered(value))


def largest(value: object) -> object:
    return last(ordered(value))


def backwards(value: object) -> object:
    return value[::-1] if isinstance(value, str) else list(reversed(sequence(value)))


def unique(value: object) -> list[object]:
    seen: dict[str, object] = {}
    for item in sequence(value):
        seen.setdefault(to_json(item), item)
    return list(seen.values())


def integer(value: object) -> int:
    if number(value):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,15}", value.strip()):
        return int(value)
    raise Unfit("This is not a whole number")


def floating(value: object) -> float:
    if number(value):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", value.strip()):
        return float(value)
    raise Unfit("This is not a number")


def absolute(value: object) -> object:
    if number(value):
        return abs(value)
    raise Unfit(f"`abs` takes a number, and this is {kind(value)}")


def rounded(value: object, digits: object = 0) -> object:
    if number(value) and isinstance(digits, int) and 0 <= digits <= 15:
        # Half away from zero, as people and Jinja do it; Python's own `round` makes 2 of 2.5.
        return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    raise Unfit("`round` takes a number and how many digits to keep, 0 to 15")


def _ordered(sign: str, *, less: bool, equal: bool) -> bool:
    return {"<": less, "<=": less or equal, ">": not (less or equal), ">=": not less}[sign]


def _index(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise Unfit("A slice goes from one whole number to another")
