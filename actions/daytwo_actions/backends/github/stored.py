"""What GitHub keeps in a store elsewhere, logs and artifacts: a short-lived link, fetched without our credential.

https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
The link is a secret for as long as it lives, so it goes through httpx's transport: the client would log it.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.http.settings import is_loopback


class NotStored(Exception):
    """The store has it no more, or not yet."""


class TooLong(Exception):
    """It goes on beyond what may be fetched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    what: str  # "log"
    limit: int  # bytes
    seconds: float


def check_link(link: str, settings: GitHubSettings, what: str) -> str:
    """The link if it is safe to fetch. Raises `BackendDenied`.

    Plain http and this machine's own addresses are for connections that are on this machine themselves.
    """
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise BackendDenied(f"GitHub's link to the {what} is not a web address; the {what} was not fetched.")
    if (parts.scheme == "http" or is_loopback(host)) and not (settings.at_home and is_loopback(host)):
        raise BackendDenied(
            f"GitHub's link to the {what} does not lead to an https address elsewhere; it was not fetched."
        )
    return link


async def fetch(link: str, settings: GitHubSettings, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """The bytes behind a link, not more than wanted.

    Raises `NotStored`, `TooLong` after the last byte that was wanted, and `BackendUnreachable`; never names the link.
    """
    timeouts = httpx.Timeout(settings.read_timeout.total_seconds(), connect=settings.connect_timeout.total_seconds())
    request = httpx.Request(
        "GET",
        link,
        headers={"User-Agent": "daytwo", "Accept-Encoding": "identity"},
        extensions={"timeout": timeouts.as_dict()},
    )
    broken: str | None = None
    async with httpx.AsyncHTTPTransport(proxy=_proxy(link), retries=0) as transport:
        try:
            response = await transport.handle_async_request(request)
            try:
                _check(response, wanted)
                async with aclosing(_pieces(response, wanted)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            broken = type(error).__name__
    # Outside of the block, because the error holds the request with the link.
    if broken is not None:
        raise BackendUnreachable(
            f"The store of GitHub's {wanted.what}s did not give the {wanted.what} to its end ({broken}). Ask again."
        )


async def whole(link: str, settings: GitHubSettings, wanted: Wanted) -> bytes:
    """All of it. Raises like `fetch`."""
    content = bytearray()
    async with aclosing(fetch(link, settings, wanted)) as pieces:
        async for piece in pieces:
            content += piece
    return bytes(content)


def _check(response: httpx.Response, wanted: Wanted) -> None:
    if response.status_code in {404, 410}:
        raise NotStored
    if response.status_code != 200 or response.headers.get("content-encoding", "identity") != "identity":
        raise BackendUnreachable(
            f"The store of GitHub's {wanted.what}s answered {response.status_code} and no {wanted.what}. Ask again."
        )


async def _pieces(response: httpx.Response, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    deadline = time.monotonic() + wanted.seconds
    left = wanted.limit
    async for piece in response.aiter_raw():
        if len(piece) > left:
            yield piece[:left]
            raise TooLong
        left -= len(piece)
        yield piece
        if time.monotonic() > deadline:
            raise BackendUnreachable(
                f"The {wanted.what} did not come to its end in the time that the connection allows. Ask again."
            )


def _proxy(link: str) -> str | None:
    """What this machine's environment names as proxy for the link."""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
