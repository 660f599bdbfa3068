"""Which headers a step may set: not those that say where a request goes, where it ends, or who sends it. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from daytwo_store.errors import Rejected

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"),
        *("expect", "forwarded", "proxy-authorization", "proxy-connection", "accept-encoding"),
        *("x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url"),
    }
)


def header_fault(name: str, *, token: bool) -> str | None:
    """Why a step may not set it; None: it may. `token`: the service has a token of its own in the settings."""
    if not _NAME.fullmatch(name):
        return f"`{name}` is no name of a header"
    if name.lower() in _OURS:
        return f"The header `{name}` cannot be set by an action"
    if token and name.lower() == "authorization":
        return "The header `Authorization` carries the service's own token"
    return None


def must_be_headers(headers: Mapping[str, str], *, token: bool) -> None:
    """Raises `Rejected`, without a value."""
    for name, value in headers.items():
        if (fault := header_fault(name, token=token)) is not None:
            raise Rejected(f"{fault}.")
        if _CONTROL.search(value):
            raise Rejected(f"The header {name} would hold a control character.")
