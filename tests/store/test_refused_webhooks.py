"""What is kept of refused deliveries: counted by reason and address, and never more than so many."""

from dataclasses import replace
from datetime import timedelta

import pytest

from daytwo_store import refused_webhooks
from daytwo_store.engine import Store
from daytwo_store.refused_webhooks import MOST, Refused

pytestmark = pytest.mark.anyio
ONE = Refused(connection="github", why="It is not signed.", source="192.0.2.1", size=20, times=1)


async def keep(store: Store, *refused: Refused) -> None:
    async with store.write() as tx:
        await refused_webhooks.keep(tx, refused)


async def test_the_same_again_is_counted(store: Store) -> None:
    await keep(store, ONE)
    await keep(store, replace(ONE, times=40, size=30), replace(ONE, source="192.0.2.2"))
    async with store.read() as session:
        first, second = await refused_webhooks.newest(session, "github")
        assert await refused_webhooks.newest(session, "gitlab") == []
    assert [(row.source, row.times, row.size) for row in (first, second)] == [
        ("192.0.2.1", 41, 30),
        ("192.0.2.2", 1, 20),
    ]
    assert first.first_at < first.last_at


async def test_whoever_comes_from_everywhere_fills_no_table(store: Store) -> None:
    other = replace(ONE, connection="gitlab")
    await keep(store, other)
    for third in range(3):
        await keep(store, *(replace(ONE, source=f"192.0.{third}.{n}", why="x" * 5000) for n in range(MOST)))
    async with store.read() as session:
        kept = await refused_webhooks.newest(session, "github")
        assert len(await refused_webhooks.newest(session, "gitlab")) == 1, "each connection has its own bound"
    assert len(kept) == MOST
    assert {row.source.split(".")[2] for row in kept} == {"2"}, "the newest stay"
    assert max(len(row.why) for row in kept) <= 400


async def test_what_is_old_is_forgotten(store: Store) -> None:
    await keep(store, ONE)
    async with store.write() as tx:
        await refused_webhooks.prune(tx, before=tx.now - timedelta(days=1))
        assert len(await refused_webhooks.newest(tx.session, "github")) == 1
        await refused_webhooks.prune(tx, before=tx.now + timedelta(seconds=1))
        assert await refused_webhooks.newest(tx.session, "github") == []
