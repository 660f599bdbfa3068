"""A database that is there but has no connection free, or says nothing, is told as what it is, and heals by itself."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from daytwo_store.engine import Store
from daytwo_store.errors import Unavailable
from daytwo_store.settings import StoreSettings

pytestmark = pytest.mark.anyio
_SLOW = text("select pg_sleep(0.9)")


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Store]:
    """A store with one connection, which is waited for one second."""
    opened = Store(
        StoreSettings(url=SecretStr(database_url), pool_size=1, pool_overflow=0, statement_timeout=timedelta(seconds=1))
    )
    yield opened
    await opened.close()


async def test_no_connection_free_is_unavailable_and_passes(narrow: Store) -> None:
    async with narrow.read() as holder:
        await holder.execute(text("select 1"))
        with pytest.raises(Unavailable, match="in use"):
            async with narrow.read() as reader:
                await reader.execute(text("select 1"))
        with pytest.raises(Unavailable, match="nothing was read or changed"):
            async with narrow.write():
                pass
    async with narrow.read() as reader:
        assert await reader.scalar(text("select 1")) == 1


async def test_a_database_that_says_nothing_is_unavailable_and_passes(
    narrow: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R32: nobody waits for it without end. Here it is only slower than we are patient."""
    monkeypatch.setattr("daytwo_store.silence._MARGIN", timedelta(seconds=-0.8))
    for slow in (_read_slowly, _write_slowly):
        began = time.monotonic()
        with pytest.raises(Unavailable, match="does not answer"):
            await slow(narrow)
        assert time.monotonic() - began < 0.7, "the database was waited for"
    async with narrow.read() as reader:
        assert await reader.scalar(text("select 1")) == 1


async def _read_slowly(store: Store) -> None:
    async with store.read() as session:
        await session.execute(_SLOW)


async def _write_slowly(store: Store) -> None:
    async with store.write() as tx:
        await tx.session.execute(_SLOW)
