"""Where a call goes: below the address of its service and nowhere else, whatever stands in its path. Pure.

A path is put together from inputs and answers, and what leaves carries the service's token. So text that would change
the host (`@elsewhere`), climb out of the address (`..`, also encoded), or be read differently over there (a
backslash, a control character) is refused, and the address that comes out is compared with the one in the settings.
"""

import re
from typing import Final
from urllib.parse import unquote

import httpx

from daytwo_store.errors import Rejected

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DEEPEST: Final = 5  # times that something may be encoded over


def path_fault(path: str) -> str | None:
    """What is wrong with a path below a service's address, as the end of a sentence; None: nothing."""
    if not path.startswith("/") or path.startswith("//"):
        return "begins with exactly one slash"
    if "#" in path:
        return "has no `#`; `urlencode` writes what comes from elsewhere"
    shown = path
    for _ in range(_DEEPEST):
        if "\\" in shown or _CONTROL.search(shown):
            return "has no backslash and no control character, not encoded either"
        before_query = shown.partition("?")[0]
        if any(part.partition(";")[0] in (".", "..") for part in before_query.split("/")):
            return "has no `.` and no `..` as a part, not encoded either"
        further = unquote(shown)
        if further == shown:
            return None
        shown = further
    return "is not encoded over and over"


def must_be_path(path: str) -> None:
    """Raises `Rejected`, without the path: it may hold what somebody typed."""
    if (fault := path_fault(path)) is not None:
        raise Rejected(f"The path of a request {fault}.")


def below(base: str, path: str) -> httpx.URL:
    """The whole address. Raises `Rejected` when it is not below `base`."""
    must_be_path(path)
    root, whole = httpx.URL(base), httpx.URL(f"{base}{path}")
    same = (whole.scheme, whole.host, whole.port, whole.userinfo) == (root.scheme, root.host, root.port, b"")
    if not same or not whole.raw_path.startswith(root.raw_path.rstrip(b"/") + b"/"):
        raise Rejected("The path of a request stays below the service's address.")
    return whole
