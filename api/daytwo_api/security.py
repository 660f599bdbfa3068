"""What a browser may be made to do by another page: nothing.

Host: a foreign name that resolves to our address (DNS rebinding) would make a stranger's page "our own"; on loopback
that alone would sign anybody in. Origin: an unsafe request that carries the session's cookie has to come from our own
page. A request with a token in its `Authorization` header cannot be forged by a page, so it needs neither.
"""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from daytwo_api.bodies import WEBHOOKS
from daytwo_store.errors import DaytwoError, Forbidden

COOKIE: Final = "daytwo_session"
MEANT: Final = "x-daytwo-principal"  # by our page: whom it takes its reader for
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})


class Misdirected(DaytwoError):
    status = 421
    type = "misdirected"
    title = "This is not the server of that name"


class OriginGuard:
    """Refuses foreign names (421) and requests that another page makes with our cookie (403).

    `hosts` are the names that we are reached by, without ports; None takes any.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _PROBES:
            headers = Headers(scope=scope)
            self._check_host(headers.get("host", ""))
            if scope["method"] not in _SAFE and not scope["path"].startswith(WEBHOOKS):
                _check_origin(headers)
        await self._app(scope, receive, send)

    def _check_host(self, host: str) -> None:
        if self._hosts is not None and name_of(host) not in self._hosts:
            raise Misdirected(
                "The request names a host that this server is not known by. Nothing was done. Use the address in "
                "`public_url` of the settings, or change that."
            )


def name_of(host: str) -> str | None:
    """The name in a Host header, without port and brackets; None when it is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _check_origin(headers: Headers) -> None:
    if "authorization" in headers:
        return
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None:
        ours = origin.partition("://")[2] == headers.get("host") and "://" in origin
    elif site is not None:
        ours = site == "same-origin"
    else:
        ours = f"{COOKIE}=" not in headers.get("cookie", "")
    if not ours:
        raise Forbidden(
            "The request comes from another page than ours, or does not say from which. Nothing was done. "
            "A program that uses a session sends `Origin` with this server's address; better, it uses a token."
        )
