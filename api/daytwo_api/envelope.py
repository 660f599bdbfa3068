"""Around every request: its id, the headers that protect a browser, one log line, two metrics, and a last resort."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daytwo_api import problems
from daytwo_api.metrics import Metrics
from daytwo_store import by_token
from daytwo_store.errors import DaytwoError

log = structlog.get_logger()

PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_ALWAYS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9_.-]{8,64}\Z")
_QUIET: Final = frozenset({"/livez", "/readyz", "/metrics"})
_DATA: Final = ("/api/", *_QUIET)


class Envelope:
    """The outermost layer. A proxy's X-Request-Id is kept, so that its log and ours can be read together."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, https: bool, templates: Mapping[object, str]) -> None:
        self._app = app
        self._templates = templates  # path of a route, as /runs/{run}, by its function
        self._metrics = metrics
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send, self._headers(scope["path"]))
        bound = structlog.contextvars.bound_contextvars(request=answer.request)
        with bound, self._told(scope, answer), by_token.request():
            try:
                await self._app(scope, receive, answer.send)
            except ClientDisconnect:
                answer.status = answer.status or 499
            except DaytwoError as error:
                await answer.instead(problems.of_error(error, answer.request), receive)
            except Exception:
                log.exception("request.failed")
                await answer.instead(problems.unexpected(answer.request), receive)

    def _headers(self, path: str) -> dict[str, str]:
        data = path.startswith(_DATA)
        headers = {**_ALWAYS, "Content-Security-Policy": DATA_POLICY if data else PAGE_POLICY}
        if data:
            headers["Cache-Control"] = "no-store"
        if self._https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers

    def _route(self, scope: Scope) -> str:
        """The route's template, never the path itself: it may hold anything, in any number."""
        return self._templates.get(scope.get("endpoint")) or ("page" if scope.get("page") else "unmatched")

    @contextmanager
    def _told(self, scope: Scope, answer: "_Answer") -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            route = self._route(scope)
            status = answer.status or 499  # gone before there was an answer
            self._metrics.request(method=scope["method"], route=route, status=status, seconds=seconds)
            tell = log.debug if scope["path"] in _QUIET else log.info
            tell(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                principal=scope["state"].get("principal"),
            )


class _Answer:
    """The answer of one request as it goes out."""

    def __init__(self, scope: Scope, send: Send, headers: Mapping[str, str]) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        self.request = given if _GIVEN_ID.match(given) else problems.new_request_id()
        self.status: int | None = None
        self._scope = scope
        self._send = send
        self._headers = {**headers, "X-Request-Id": self.request}
        scope.setdefault("state", {})["request_id"] = self.request

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def instead(self, response: ASGIApp, receive: Receive) -> None:
        """Answer this, unless another answer has begun: that one is cut off by the server."""
        if self.status is None:
            await response(self._scope, receive, self.send)
