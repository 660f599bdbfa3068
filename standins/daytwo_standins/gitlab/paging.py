"""Pages of a list, by number or by key. https://docs.gitlab.com/api/rest/#pagination"""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode

from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.problems import invalid_parameter

T = TypeVar("T")
_MOST = 100


def paged(call: Call, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
    """The items of the page that was asked for, and the headers that go with it."""
    size = min(_MOST, _number(call, "per_page", 20))
    if call.query.get("pagination") == "keyset":
        return _after_key(call, items, size)
    page = _number(call, "page", 1)
    last = max(1, -(-len(items) // size))
    turns = {"prev": page - 1, "next": page + 1, "first": 1, "last": last}
    shown = {name: to for name, to in turns.items() if 1 <= to <= last}
    headers = {
        "link": ", ".join(f'<{_address(call, page=to, per_page=size)}>; rel="{name}"' for name, to in shown.items()),
        "x-page": str(page),
        "x-per-page": str(size),
        "x-next-page": str(shown.get("next", "")),
        "x-prev-page": str(shown.get("prev", "")),
        "x-total": str(len(items)),
        "x-total-pages": str(last),
    }
    return items[(page - 1) * size : page * size], headers


def _after_key(call: Call, items: Sequence[T], size: int) -> tuple[Sequence[T], dict[str, str]]:
    """The key is the place of the last item in a list that only grows at its newest end."""
    cursor = call.query.get("cursor", "")
    descending = call.query.get("sort", "desc") == "desc"
    seen = int(cursor) if cursor.isdigit() else (len(items) if descending else 0)
    start = len(items) - seen if descending else seen
    shown = items[max(0, start) : max(0, start) + size]
    rest = seen - len(shown) if descending else seen + len(shown)
    more = rest > 0 if descending else rest < len(items)
    link = f'<{_address(call, cursor=rest, per_page=size)}>; rel="next"'
    return shown, {"link": link} if more and shown else {}


def _address(call: Call, **turn: object) -> str:
    kept = [(name, value) for name, value in call.query.multi_items() if name not in turn and name != "page"]
    return f"{call.base}{call.path}?{urlencode([*kept, *((name, str(value)) for name, value in turn.items())])}"


def _number(call: Call, name: str, otherwise: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return otherwise
    if not text.isdigit() or int(text) < 1:
        raise invalid_parameter(name, "is invalid")
    return int(text)
