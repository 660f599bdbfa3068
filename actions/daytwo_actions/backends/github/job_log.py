"""The log of a job: GitHub answers with a short-lived link to a store elsewhere, fetched here without our credential.

https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
The link is a secret for as long as it lives, so it goes through httpx's transport: the client would log it.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable, LogsNotReady
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.http.settings import is_loopback

CUT: Final = b"\n##[warning]Daytwo has cut this log off here: it is longer than the connection's log_limit.\n"


def check_link(link: str, settings: GitHubSettings) -> str:
    """The link if it is safe to fetch. Raises `BackendDenied`.

    Plain http and this machine's own addresses are for connections that are on this machine themselves.
    """
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise BackendDenied("GitHub's link to the log is not a web address; the log was not fetched.")
    if (parts.scheme == "http" or is_loopback(host)) and not (settings.at_home and is_loopback(host)):
        raise BackendDenied("GitHub's link to the log does not lead to an https address elsewhere; it was not fetched.")
    return link


async def fetch(link: str, settings: GitHubSettings) -> AsyncGenerator[bytes, None]:
    """The bytes behind a link. Raises `LogsNotReady`, `BackendUnreachable`; never names the link."""
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
                _check(response)
                async with aclosing(_pieces(response, settings)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            broken = type(error).__name__
    # Outside of the block, because the error holds the request with the link.
    if broken is not None:
        raise BackendUnreachable(f"The store of GitHub's logs did not give the log to its end ({broken}). Ask again.")


def _check(response: httpx.Response) -> None:
    if response.status_code in {404, 410}:
        raise LogsNotReady("There is no log of this job (yet): GitHub has one only after the job has ended.")
    if response.status_code != 200 or response.headers.get("content-encoding", "identity") != "identity":
        raise BackendUnreachable(f"The store of GitHub's logs answered {response.status_code} and no log. Ask again.")


async def _pieces(response: httpx.Response, settings: GitHubSettings) -> AsyncGenerator[bytes, None]:
    deadline = time.monotonic() + settings.log_timeout.total_seconds()
    left = settings.log_limit
    async for piece in response.aiter_raw():
        if len(piece) > left:
            yield piece[:left]
            yield CUT
            return
        left -= len(piece)
        yield piece
        if time.monotonic() > deadline:
            raise BackendUnreachable(
                "The log did not come to its end in the time that the connection allows. Ask again."
            )


def _proxy(link: str) -> str | None:
    """What this machine's environment names as proxy for the link."""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
