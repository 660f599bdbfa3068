"""What GitHub keeps in a store elsewhere, logs and artifacts: a short-lived link, fetched without our credential.

https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.http import links


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
    """The link if it is safe to fetch. Raises `BackendDenied`."""
    return links.check_link(link, settings, what=f"GitHub's link to the {what}")


async def fetch(link: str, settings: GitHubSettings, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """The bytes behind a link, not more than wanted.

    Raises `NotStored`, `TooLong` after the last byte that was wanted, and `BackendUnreachable`; never names the link.
    """
    left = wanted.limit
    what = f"The {wanted.what} in the store of GitHub's {wanted.what}s"
    try:
        async with aclosing(
            links.stream(link, settings, what=what, limit=wanted.limit + 1, seconds=wanted.seconds, link=True)
        ) as pieces:
            async for piece in pieces:
                yield piece[:left]
                left -= len(piece)
    except links.Answered as answered:
        if answered.answer.status in {404, 410}:
            raise NotStored from None
        raise BackendUnreachable(
            f"The store of GitHub's {wanted.what}s answered {answered.answer.status} and no {wanted.what}. Ask again."
        ) from None
    if left < 0:
        raise TooLong


async def whole(link: str, settings: GitHubSettings, wanted: Wanted) -> bytes:
    """All of it. Raises like `fetch`."""
    content = bytearray()
    async with aclosing(fetch(link, settings, wanted)) as pieces:
        async for piece in pieces:
            content += piece
    return bytes(content)
