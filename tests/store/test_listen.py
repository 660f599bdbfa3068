"""Hints: they come, they are bundled, and losing some is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg
import pytest
from pydantic import SecretStr

from daytwo_store.engine import Store, Topic
from daytwo_store.listen import MISSED, Hint, Listener, Subscription
from daytwo_store.settings import StoreSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def listener(database_url: str) -> AsyncIterator[Listener]:
    listening = Listener(StoreSettings(url=SecretStr(database_url)))
    task = asyncio.create_task(listening.run())
    async with asyncio.timeout(20):
        await listening.connected.wait()
    yield listening
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def change(store: Store, *hints: tuple[Topic, str]) -> None:
    async with store.write() as tx:
        for topic, subject in hints:
            tx.notify(topic, subject)


async def heard(subscription: Subscription, *wanted: Hint | None) -> None:
    """Wait until all of these have come."""
    missing = set(wanted)
    async with asyncio.timeout(20):
        while missing:
            missing -= set(await subscription.wait(1.0))


async def test_a_committed_change_is_heard_by_those_who_want_it(store: Store, listener: Listener) -> None:
    with listener.subscribe(Topic.RUN) as all_runs, listener.subscribe(Topic.RUN, Topic.LOG, subject="r_2") as one:
        await change(store, (Topic.RUN, "r_1"), (Topic.LOG, "r_2"), (Topic.APPROVAL, "a_1"))
        await heard(all_runs, Hint(Topic.RUN, "r_1"))
        await heard(one, Hint(Topic.LOG, "r_2"))
        assert await all_runs.wait(0) == []
        assert await one.wait(0) == []


async def test_a_change_that_is_taken_back_is_not_heard(store: Store, listener: Listener) -> None:
    with listener.subscribe(Topic.RUN) as subscription:
        with contextlib.suppress(RuntimeError):
            async with store.write() as tx:
                tx.notify(Topic.RUN, "r_1")
                raise RuntimeError
        await change(store, (Topic.RUN, "r_2"))
        assert await subscription.wait(20) == [Hint(Topic.RUN, "r_2")]


async def test_a_broken_connection_is_made_again_and_everybody_looks(store: Store, listener: Listener) -> None:
    with listener.subscribe(Topic.RUN, subject="r_1") as subscription:
        async with await psycopg.AsyncConnection.connect(
            store.settings.url.get_secret_value(), autocommit=True
        ) as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'daytwo listens'"
            )
        await heard(subscription, MISSED)
        await change(store, (Topic.RUN, "r_1"))
        await heard(subscription, Hint(Topic.RUN, "r_1"))


async def test_a_listener_waits_for_a_database_that_is_not_there() -> None:
    listening = Listener(StoreSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/none")))
    task = asyncio.create_task(listening.run())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await asyncio.shield(task)
    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_hints_that_nobody_takes_become_one_missed() -> None:
    subscription = Subscription(frozenset({Topic.RUN}), None)
    for _ in range(3):
        subscription.offer(Hint(Topic.RUN, "r_1"))
    assert await subscription.wait(0) == [Hint(Topic.RUN, "r_1")]
    for number in range(5000):
        subscription.offer(Hint(Topic.RUN, f"r_{number}"))
    assert await subscription.wait(0) == [MISSED]
    subscription.offer(Hint(Topic.RUN, "r_1"))
    assert await subscription.wait(0) == [Hint(Topic.RUN, "r_1")]


async def test_leaving_ends_the_subscription() -> None:
    listening = Listener(StoreSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/none")))
    with listening.subscribe(Topic.RUN) as subscription:
        listening.wake()
        assert await subscription.wait(0) == [MISSED]
    listening.wake()
    assert await subscription.wait(0) == []
