"""Pages of a list and the Link header that leads from one to the next.

https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode

from daytwo_standins.github.calls import Call

T = TypeVar("T")


def paged(call: Call, items: Sequence[T], path: str) -> tuple[Sequence[T], dict[str, str]]:
    """The items of the page that was asked for, and the headers that go with it."""
    page, size = call.page()
    last = max(1, -(-len(items) // size))
    turns = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = [(rel, to) for rel, to in turns.items() if _offered(rel, page, last)]
    link = ", ".join(f'<{path}?{_query(call, to)}>; rel="{rel}"' for rel, to in wanted)
    return items[(page - 1) * size : page * size], {"link": link} if link else {}


def _offered(rel: str, page: int, last: int) -> bool:
    return page > 1 if rel in {"prev", "first"} else page < last


def _query(call: Call, page: int) -> str:
    kept = [(name, value) for name, value in call.query.multi_items() if name != "page"]
    return urlencode([*kept, ("page", str(page))])
