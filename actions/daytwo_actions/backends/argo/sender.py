"""Requests to one Argo Server through httpx, each on a connection of its own, sent once, within a permit.

httpx's transport and not its client, which would follow redirections, keep cookies, log addresses and read answers of
any size. A connection that is kept may be closed in the very moment in which a request leaves on it; none is kept.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.http.certificates import Certificates
from daytwo_actions.backends.http.permit import NotPermitted, Permit
from daytwo_actions.backends.wire.answer import Answer, Silence

_SHORT_ANSWER: Final = 4_000_000  # bytes; a workflow that was created comes back whole


@dataclass(frozen=True, kw_only=True, slots=True)
class TooLarge(Silence):
    """There was an answer, and it was not read to its end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request. `path` is below the base address, `body` is sent as JSON."""

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    accept: str = "application/json"
    silence: float | None = None  # seconds without a byte; None: as the settings say


class _Flood(Exception):
    pass


class Sender:
    """For one event loop. Nothing raises for what the line does, but for `open`."""

    def __init__(self, settings: ArgoSettings) -> None:
        self._settings = settings
        self._token = settings.token.get_secret_value()
        self._certificates = Certificates(settings.ca_file)
        self._closed = False

    def close(self) -> None:
        """What has not begun will not begin; what has begun ends by its own time limit."""
        self._closed = True

    async def read(self, call: Call, *, seconds: float) -> Answer | Silence:
        return await self.send(call, Permit(seconds), limit=self._settings.answer_limit)

    async def send(self, call: Call, permit: Permit, *, limit: int = _SHORT_ANSWER) -> Answer | Silence:
        """A whole answer of at most `limit` bytes, within the permit."""
        if self._closed:
            return Silence(sent=False, reason="this connection is being closed", again=30.0)
        if permit.remaining() <= 0:
            return Silence(sent=False, reason="its time was over before it could be sent")
        try:
            async with asyncio.timeout(permit.remaining()), self.open(call, permit) as response:
                return await self._whole(response, limit)
        except _Flood:
            return TooLarge(sent=permit.taken, reason=f"the answer has more than {limit} bytes", again=60.0)
        except Exception as error:  # noqa: BLE001 - whatever the line does is an answer too
            reason, again = reason_of(error, sent=permit.taken)
        return Silence(sent=permit.taken, reason=reason, again=again)

    @asynccontextmanager
    async def open(self, call: Call, permit: Permit) -> AsyncGenerator[httpx.Response, None]:
        """The beginning of an answer; its body is still to be read. Raises what `reason_of` explains."""

        async def before_the_bytes(event: str, info: Mapping[str, Any]) -> None:
            # A proxy's CONNECT is not yet the request.
            if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
                permit.take()

        if self._closed:
            raise NotPermitted("this connection is being closed")
        async with httpx.AsyncHTTPTransport(verify=self._context(), proxy=self._proxy(), retries=0) as transport:
            request = self._request(call, before_the_bytes)
            response = await transport.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()

    def _request(self, call: Call, trace: Any) -> httpx.Request:
        seconds = self._settings.connect_timeout.total_seconds()
        silence = call.silence or self._settings.read_timeout.total_seconds()
        query = f"?{urlencode(dict(call.parameters))}" if call.parameters else ""
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": call.accept,
            "Accept-Encoding": "identity",  # what is packed small can be large
            "User-Agent": "daytwo",
            "Connection": "close",
        }
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        return httpx.Request(
            call.method,
            f"{self._settings.base}{call.path}{query}",
            headers=headers,
            content=call.body,
            extensions={
                "timeout": {"connect": seconds, "pool": seconds, "read": silence, "write": silence},
                "trace": trace,
            },
        )

    async def _whole(self, response: httpx.Response, limit: int) -> Answer:
        body = bytearray()
        async with aclosing(pieces_of(response)) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) > limit:
                    raise _Flood
        headers = {name.lower(): value for name, value in response.headers.items()}
        # A server that repeats our credential would put it into errors and logs.
        return Answer(
            status=response.status_code,
            headers=headers,
            body=bytes(body).replace(self._token.encode(), b"***"),
        )

    def _context(self) -> ssl.SSLContext:
        if not self._settings.base.startswith("https://"):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used then
        return self._certificates.context()

    def _proxy(self) -> str | None:
        """What this machine's environment names as proxy; what is on this machine is never reached through one."""
        parts = urlsplit(self._settings.base)
        if self._settings.at_home or proxy_bypass(parts.hostname or ""):
            return None
        proxies = getproxies()
        return proxies.get(parts.scheme) or proxies.get("all")


async def pieces_of(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises `httpx.DecodingError` for one that is packed although nobody asked for that."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx.DecodingError("packed")
    async for piece in response.aiter_raw():
        yield piece


_WORDS: Final = (
    (ssl.SSLError, "the server's certificate or its TLS is not acceptable", None),
    (socket.gaierror, "the name of the server could not be resolved", 5.0),
    (ConnectionRefusedError, "the connection was refused", 5.0),
    (ConnectionResetError, "the connection was reset", 5.0),
    (httpx.ProxyError, "the proxy that this machine's environment names could not be used", 30.0),
    (httpx.DecodingError, "the answer is packed in a way that was not asked for", 60.0),
    (httpx.LocalProtocolError, "the request could not be put on the line", None),
    (httpx.RemoteProtocolError, "the answer broke off, or is not HTTP", 5.0),
    (FileNotFoundError, "the file of certificates that ca_file or the environment names is not there", None),
)


def reason_of(error: BaseException, *, sent: bool) -> tuple[str, float | None]:
    """What went wrong, and after how many seconds another try makes sense.

    In words of ours, since the error itself holds the request with its credential, and must not go any further.
    """
    if isinstance(error, NotPermitted):
        return str(error), 5.0
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no complete answer came in time" if sent else "no connection came about in time", 5.0
    causes = list(_causes(error))
    for kind, words, again in _WORDS:
        if any(isinstance(one, kind) for one in causes):
            return words, again
    return f"the connection failed ({type(error).__name__})", 5.0


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__
