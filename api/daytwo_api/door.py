"""The door in front of the application: what the HTTP server leaves open is closed here.

How large the head of a request may be and how long it may take to arrive, and how many may be connected at once, of
whom those who ask nothing are sent away first. What a body may be is `bodies.py`.
"""

import asyncio
import json
import resource
from typing import Any, Final, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

log = structlog.get_logger()

HEAD_LIMIT: Final = 32 * 1024  # bytes of address and headers together
HEAD_SECONDS: Final = 20.0  # for all of them to arrive, and for a new connection to ask anything
LINGER_SECONDS: Final = 2.0  # for whoever sent too much to read why they are refused
_KEPT: Final = 96  # files for the database, the CI systems, the page and the log, which connections never take
_FEWEST: Final = 16

_TOO_LARGE: Final = (
    431,
    "Request Header Fields Too Large",
    f"The address and headers have more than {HEAD_LIMIT // 1024} KB. Nothing was done. Send fewer.",
)
_TOO_SLOW: Final = (
    408,
    "Request Timeout",
    f"The request did not arrive within {HEAD_SECONDS:.0f} seconds. Nothing was done. Send it again.",
)
_TOO_MANY: Final = (
    503,
    "Service Unavailable",
    "Too many are connected, and all of them ask something. Nothing was done. Try again in a few seconds.",
)


def most_connections() -> int:
    """As many as this process may have files open, but for those that it needs itself."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(_FEWEST, min(files, 100_000) - _KEPT)


class Door(HttpToolsProtocol):
    """One connection."""

    most: int = 10_000  # per process; `door` sets it
    seconds: float = HEAD_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _began = False
    _size = 0
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > self.most and not self._make_room():
            log.warning("api.too_many_connections", count=len(self.connections))
            self._refuse(_TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._began = False
        super().data_received(data)
        if self._in_head and not self._refused:
            self._size += 0 if self._began else len(data)  # what stood before the beginning is of another request
            if self._size > HEAD_LIMIT:
                self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._began, self._size = True, True, 0
        if self._timer is None:
            self._wait_for_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """What comes after a body in pieces (trailers) is no header: nobody in front of us has looked at it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_is_there()
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_LIMIT:
            self._refuse(_TOO_LARGE)
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()

    @property
    def idle(self) -> bool:
        """Nothing of theirs is being answered."""
        answering = cast("RequestResponseCycle | None", self.cycle)
        return answering is None or answering.response_complete

    def _make_room(self) -> bool:
        """Send somebody away who asks nothing; false when there is nobody."""
        for other in self.connections:
            if other is not self and isinstance(other, Door) and other.idle and not other.transport.is_closing():
                other.transport.close()
                return True
        return False

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(self.seconds, self._refuse, _TOO_SLOW)

    def _head_is_there(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, why: tuple[int, str, str]) -> None:
        """Say it, unless something is being answered on this connection, and close it."""
        self._refused = True
        self._head_is_there()
        if self.transport.is_closing():
            return
        if self.idle:
            self.transport.write(_answer(*why))
            if why is _TOO_LARGE and self.transport.can_write_eof():
                self._linger()
                return
        self.transport.close()

    def _linger(self) -> None:
        """Close our half, and read on for a moment: closing while what they send is unread would take the answer back
        (RFC 9112, 9.6)."""
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)


def door() -> type[asyncio.Protocol]:
    """The class with the limit of this process, for uvicorn's `http`."""
    made = type("Door", (Door,), {"most": most_connections()})
    return cast("type[asyncio.Protocol]", made)


def _answer(status: int, title: str, detail: str) -> bytes:
    problem: dict[str, Any] = {"type": _TYPES[status], "title": title, "status": status, "detail": detail}
    body = json.dumps(problem).encode()
    head = [
        f"HTTP/1.1 {status} {title}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "connection: close",
        *(["retry-after: 2"] if status == 503 else []),
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


_TYPES: Final = {408: "too-slow", 431: "too-large", 503: "unavailable"}
