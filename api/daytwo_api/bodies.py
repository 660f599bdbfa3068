"""Bodies: how large, how slow, and whether they can be stored. Judged before a route sees anything of them."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daytwo_store.errors import DaytwoError, Rejected, TooLarge

LIMIT: Final = 128 * 1024
WEBHOOK_LIMIT: Final = 1024 * 1024
WEBHOOKS: Final = "/api/v1/webhooks/"
EVENTS: Final = "/api/v1/events/"
SECONDS: Final = 20.0  # for all of a body to arrive
MAX_DEPTH: Final = 64
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class TooSlow(DaytwoError):
    status = 408
    type = "too-slow"
    title = "The request did not arrive in time"


Refused = Callable[[str, Request, str, int], None]
"""What is told of a webhook that is too large: the connection, the request, why, and the bytes that it announced."""


class BodyGuard:
    """Hands on only bodies that are small, whole and storable; 413, 408 or 422 otherwise.

    A body without `Content-Length` is counted while it arrives. Webhooks are handed on byte for byte, as their
    signature is over the bytes.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = SECONDS, refused: Refused = lambda *_: None) -> None:
        self._app = app
        self._seconds = seconds
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (b"%00" in scope["query_string"] or "\x00" in scope["path"]):
            raise Rejected("The address has a null character, which names nothing. Nothing was done. Remove it.")
        if scope["type"] != "http" or not _announces_body(scope):
            await self._app(scope, receive, send)
            return
        webhook = scope["path"].startswith(WEBHOOKS)
        limit = WEBHOOK_LIMIT if scope["path"].startswith((WEBHOOKS, EVENTS)) else LIMIT
        try:
            async with asyncio.timeout(self._seconds):
                body = await _read(scope, receive, limit)
        except TooLarge as error:
            if webhook:
                size = Headers(scope=scope).get("content-length", "")
                self._refused(scope["path"].removeprefix(WEBHOOKS), Request(scope), error.detail, _number(size))
            raise
        except TimeoutError:
            raise TooSlow(
                f"The body did not arrive within {self._seconds:.0f} seconds. Nothing was done. Send it again."
            ) from None
        if not webhook:
            check_storable(body)
            if not scope["path"].startswith(EVENTS):  # what other systems send is theirs to write
                check_keys(body)
        await self._app(scope, _replay(body, receive), send)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 12 else 0


def _announces_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        return True
    return scope["method"] not in _WITHOUT_BODY


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes:
    announced = Headers(scope=scope).get("content-length", "")
    if announced.isdecimal() and (len(announced) > 12 or int(announced) > limit):
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body has more than {limit // 1024} KB, so it was not read and nothing was done. Send less: long texts "
        "belong where the pipeline can fetch them."
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def check_storable(body: bytes) -> None:
    """JSON may hold what no database column and no UTF-8 text can, and nests without end. Raises `Rejected`.

    What is not JSON at all is left to the route, which says so.
    """
    try:
        value = json.loads(body) if _suspicious(body) else None
    except ValueError:
        return
    except RecursionError:
        raise _too_deep() from None
    for part, depth in _parts(value):
        if depth > MAX_DEPTH:
            raise _too_deep()
        if "\x00" in part or any("\ud800" <= sign <= "\udfff" for sign in part):
            raise Rejected(
                "A text in the body has a null character or half of a surrogate pair, which cannot be stored. "
                "Nothing was done. Remove it and send it again."
            )


def check_keys(body: bytes) -> None:
    """A key that stands twice in one object means what its reader takes, say the first to a proxy and the last to us
    (RFC 8259, 4). Raises `Rejected`; what is not JSON at all is left to the route.
    """
    try:
        json.loads(body, object_pairs_hook=_each_once, parse_int=str, parse_float=str)
    except ValueError:
        return
    except RecursionError:
        raise _too_deep() from None


def _each_once(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Rejected(
                f"The body has the key “{key[:60]}” twice in one object, so nobody can say which is meant. "
                "Nothing was done. Send it once."
            )
        seen.add(key)


def _suspicious(body: bytes) -> bool:
    """Cheap, and never wrong about a harmless one: escapes, other encodings than plain ASCII, many brackets."""
    deep = body.count(b"[") + body.count(b"{") > MAX_DEPTH
    return deep or b"\\u" in body or b"\x00" in body or not body.isascii()


def _too_deep() -> Rejected:
    return Rejected(f"The body is nested more than {MAX_DEPTH} levels deep. Nothing was done. Flatten it.")


def _parts(value: object) -> Iterator[tuple[str, int]]:
    """Every text with its depth, keys too; an empty text for other values, so that depth is always told."""
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        yield (part if isinstance(part, str) else ""), depth
        if isinstance(part, dict):
            waiting += [(item, depth + 1) for pair in part.items() for item in pair]
        elif isinstance(part, list):
            waiting += [(item, depth + 1) for item in part]
