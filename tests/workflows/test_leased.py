"""Rounds of one process at a time: renewed while they go on, given up when the lease is somebody else's."""

import asyncio

import pytest
from sqlalchemy import update

from daytwo_store import leases
from daytwo_store.engine import Store
from daytwo_store.tables import LeaseRow
from daytwo_workflows.leased import under_lease

pytestmark = pytest.mark.anyio
NAME, SHORT = "round", 0.6  # seconds


async def other_takes_it(store: Store) -> bool:
    return await leases.take(store, NAME, holder="other", seconds=SHORT)


async def test_a_round_that_takes_longer_than_its_lease_keeps_it(store: Store) -> None:
    loop, tries = asyncio.get_running_loop(), []

    async def work() -> None:
        began = loop.time()
        while loop.time() - began < 3 * SHORT:
            tries.append(await other_takes_it(store))

    assert await under_lease(store, NAME, holder="one", seconds=SHORT, work=work)
    assert not any(tries)
    async with asyncio.timeout(30):
        while not await other_takes_it(store):
            await asyncio.sleep(0.05)
    assert not await under_lease(store, NAME, holder="one", seconds=SHORT, work=work), "it is the other's now"


async def test_a_round_ends_when_somebody_else_has_the_lease(store: Store) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        async with store.write() as tx:
            await tx.session.execute(update(LeaseRow).values(holder="other"))
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.timeout(30):
        assert await under_lease(store, NAME, holder="one", seconds=SHORT, work=work)
    assert ended.is_set()


async def test_what_the_round_raises_is_raised(store: Store) -> None:
    async def work() -> None:
        raise KeyError("a")

    with pytest.raises(KeyError):
        await under_lease(store, NAME, holder="one", seconds=SHORT, work=work)
