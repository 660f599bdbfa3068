"""A store whose process dies when a test says so, and databases that a history needs no disk for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import psycopg
from psycopg import sql

from daytwo_store.engine import Store, Tx


class Crash(Exception):
    """The process is gone: nobody got an answer."""


class DyingStore(Store):
    """`dies`: before or after the commit of the next transaction that writes; None: it lives."""

    dies: Literal["before", "after"] | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        async with super().write() as tx:
            yield tx
            if self.dies == "before":
                await tx.flush()  # all statements have been sent, the audit's too
                raise Crash
        if self.dies == "after":
            raise Crash


def quick(url: str) -> str:
    """The same database, without waiting for the disk at each commit: nothing here outlives a test."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
    return url
