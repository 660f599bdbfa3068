"""Both rate limits of GitHub, obeyed by all requests of a connection together."""

from typing import Any

import pytest

from daytwo_actions.backends.base import Accepted, Pinned, Refused, Target
from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_store.ids import Corr, Digest, ExternalRunId

pytestmark = pytest.mark.anyio

TARGET = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
RUN = ExternalRunId("17")
THEN = "Thu, 01 Jan 2026 00:00:00 GMT"  # 1767225600
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


async def send(backend: GitHubBackend) -> Any:
    pinned = Pinned(
        target=TARGET,
        project_id="7",
        pipeline_id="9",
        commit="a" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=True,
    )
    return await backend.send(backend.freeze(pinned, {}, Corr("abcdefghij234567abcd")), seconds=5)


async def read(backend: GitHubBackend) -> BackendUnreachable:
    with pytest.raises(BackendUnreachable) as caught:
        await backend.read([(TARGET, RUN)])
    return caught.value


@pytest.mark.parametrize("status", [403, 429])
async def test_after_the_primary_limit_nothing_leaves_until_it_is_reset(status: int, serve: Any, connect: Any) -> None:
    told = {"X_RateLimit_Limit": "5000", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1767225690"}
    server = serve(lambda _, line: line.answer(status, {"message": "API rate limit exceeded"}, Date=THEN, **told))
    backend = connect(server.url)
    assert (await read(backend)).retry_after == pytest.approx(91, abs=1)
    held = await read(backend)
    assert held.retry_after == pytest.approx(91, abs=5)
    assert "asked this connection to wait until" in held.detail
    refused = await send(backend)
    assert isinstance(refused, Refused)
    assert refused.retry_after == pytest.approx(91, abs=5)
    with pytest.raises(BackendUnreachable):
        await backend.cancel(TARGET, RUN)
    with pytest.raises(BackendUnreachable):
        async for _ in backend.logs(TARGET, RUN, "1"):
            pass
    assert len(server.requests) == 1
    budget = backend.budget()
    assert (budget.limit, budget.remaining) == (5000, 0)
    assert budget.held_until is not None


async def test_the_last_allowed_answer_is_taken_and_the_next_request_waits(serve: Any, connect: Any) -> None:
    told = {"X_RateLimit_Limit": "5000", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1767225690"}
    server = serve(lambda _, line: line.answer(204, None, Date=THEN, **told))
    backend = connect(server.url)
    assert await send(backend) == Accepted(id=None, url=None)
    assert isinstance(await send(backend), Refused)
    assert len(server.requests) == 1


async def test_the_secondary_limit_holds_for_as_long_as_it_says(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(403, SECONDARY, Retry_After="30"))
    backend = connect(server.url)
    refused = await send(backend)
    assert (type(refused), refused.retry_after) == (Refused, 30.0)
    assert (await read(backend)).retry_after == pytest.approx(30, abs=5)
    assert len(server.requests) == 1


async def test_the_secondary_limit_without_a_time_holds_for_a_minute(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(429, SECONDARY))
    backend = connect(server.url)
    assert (await read(backend)).retry_after == pytest.approx(60, abs=1)
    assert (await send(backend)).retry_after == pytest.approx(60, abs=5)
    assert len(server.requests) == 1


async def test_what_is_left_is_told(serve: Any, connect: Any) -> None:
    told = {"X_RateLimit_Limit": "12500", "X_RateLimit_Remaining": "12000", "X_RateLimit_Reset": "1767229200"}
    server = serve(lambda _, line: line.answer(204, None, Date=THEN, **told))
    backend = connect(server.url)
    assert backend.budget() is None
    await send(backend)
    budget = backend.budget()
    assert (budget.limit, budget.remaining, budget.held_until) == (12500, 12000, None)
