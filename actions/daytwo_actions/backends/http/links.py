"""What is too large to hold: streamed in pieces, and what an answer links to, fetched without our credential.

A link may be a secret for as long as it lives, and a header holds one always, so requests go through httpx's transport:
the client would log them.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
import unicodedata
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.http.certificates import Certificates
from daytwo_actions.backends.http.places import Kind, kind_of, places
from daytwo_actions.backends.http.settings import HttpSettings, is_loopback
from daytwo_actions.backends.wire.answer import Answer

_PATIENCE: Final = 5.0  # seconds for an answer that is not what was asked for
_LONGEST_EXPLANATION: Final = 10_000  # bytes of an answer that is no log


class Answered(Exception):
    """It was answered with something else than 200."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


def check_link(link: str, settings: HttpSettings, *, what: str) -> str:
    """The link if it is safe to fetch. Raises `BackendDenied`. `what`: "GitLab's link to the log".

    Plain http and this machine's own addresses are for connections that are on this machine themselves.
    """
    try:
        parts = urlsplit(link)
        host = parts.hostname
        httpx.URL(link)  # the client reads fewer addresses than the standard library does
    except (ValueError, httpx.InvalidURL):
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise BackendDenied(f"{what} is not a web address; it was not fetched.")
    if (parts.scheme == "http" or _leads_here(host)) and not (settings.at_home and is_loopback(host)):
        raise BackendDenied(f"{what} does not lead to an https address elsewhere; it was not fetched.")
    return link


def _leads_here(host: str) -> bool:
    """Whether a host in any notation is this machine, or what only this machine sees of its network."""
    name = unicodedata.normalize("NFKC", host).replace("\N{IDEOGRAPHIC FULL STOP}", ".").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(name))  # 127.1, 2130706433, 0x7f.1, 0177.0.0.1
        except OSError:
            return False
    return kind_of(address) in (Kind.HERE, Kind.LINK)


async def stream(
    address: str,
    settings: HttpSettings,
    *,
    what: str,
    limit: int,
    headers: Mapping[str, str] | None = None,
    seconds: float | None = None,
    link: bool = False,
) -> AsyncGenerator[bytes, None]:
    """The bytes behind an address, at most `limit` and then no more. Follows no redirection.

    All of it has to come within `seconds`, else within the time of a log. `link`: the address stood in an answer, so
    what its name leads to is looked at first, and connected to as it was seen. Through a proxy, the proxy looks.
    Raises `Answered`, `BackendUnreachable`, `BackendDenied`; names neither the address nor a header.
    """
    proxy = _proxy(address)
    reached = await places(address, settings, what=what) if link and proxy is None else [None]
    timeouts = httpx.Timeout(settings.read_timeout.total_seconds(), connect=settings.connect_timeout.total_seconds())
    tls = _tls(address, settings, what=what, link=link)
    broken: str | None = None
    async with httpx.AsyncHTTPTransport(verify=tls, proxy=proxy, retries=0) as transport:
        try:
            response = await _opened(transport, _requests(address, reached, headers or {}, timeouts))
            try:
                await _check(response)
                async with aclosing(
                    _pieces(response, seconds or settings.log_timeout.total_seconds(), what, limit)
                ) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            broken = type(error).__name__
    # Outside of the block, because the error holds the request with what is secret in it.
    if broken is not None:
        raise BackendUnreachable(f"{what} did not come to its end ({broken}). Ask again.")


def _tls(address: str, settings: HttpSettings, *, what: str, link: bool) -> ssl.SSLContext:
    if not address.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used then
    try:
        return Certificates(settings.ca_file, elsewhere=link).context()
    except OSError as error:
        raise BackendUnreachable(
            f"{what} was not asked for: the file of certificates that ca_file or the environment names cannot be used "
            f"({type(error).__name__}). Put it in its place, and ask again."
        ) from None


def _requests(
    address: str, reached: Sequence[str | None], headers: Mapping[str, str], timeouts: httpx.Timeout
) -> Iterator[httpx.Request]:
    """One request for each place that the name leads to: there, and still in the name's name, with TLS too."""
    url = httpx.URL(address)
    for place in reached:
        named = {} if place is None else {"Host": url.netloc.decode("ascii")}
        extensions: dict[str, object] = {"timeout": timeouts.as_dict()}
        if place is not None:
            extensions["sni_hostname"] = url.raw_host.decode("ascii")
        yield httpx.Request(
            "GET",
            url if place is None else url.copy_with(host=place),
            headers={**named, "User-Agent": "daytwo", "Accept-Encoding": "identity", **headers},
            extensions=extensions,
        )


async def _opened(transport: httpx.AsyncHTTPTransport, requests: Iterator[httpx.Request]) -> httpx.Response:
    """The answer of the first place that can be connected to."""
    failed: httpx.HTTPError | None = None
    for request in requests:
        try:
            return await transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failed = error
    assert failed is not None, "a name leads somewhere"
    raise failed


async def _check(response: httpx.Response) -> None:
    if response.status_code == 200 and response.headers.get("content-encoding", "identity") == "identity":
        return
    said = b""
    with suppress(TimeoutError):  # one that drips says enough with what has come by then
        async with asyncio.timeout(_PATIENCE):
            async for piece in response.aiter_raw():
                said += piece
                if len(said) > _LONGEST_EXPLANATION:
                    break
    headers = {name.lower(): value for name, value in response.headers.items()}
    status = response.status_code if response.status_code != 200 else 502  # packed in a way that we did not ask for
    raise Answered(Answer(status=status, headers=headers, body=said[:_LONGEST_EXPLANATION]))


async def _pieces(response: httpx.Response, seconds: float, what: str, limit: int) -> AsyncGenerator[bytes, None]:
    deadline = time.monotonic() + seconds
    left = limit
    async for piece in response.aiter_raw():
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
        if time.monotonic() > deadline:
            raise BackendUnreachable(
                f"{what} did not come to its end in the time that the connection allows. Ask again."
            )


def _proxy(address: str) -> str | None:
    """What this machine's environment names as proxy for the address."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
