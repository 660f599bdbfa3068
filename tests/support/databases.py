"""Databases for tests: copies of a migrated template, or of one that has the example company, too."""

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import psycopg
from company import load_example
from psycopg import sql
from pydantic import SecretStr

from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_store.engine import Store
from daytwo_store.event_loop import loop_factory
from daytwo_store.settings import StoreSettings

_EMPTY: Final = "daytwo"
_COMPANY: Final = "example_company"


@dataclass
class Databases:
    """A server whose database `daytwo` is migrated and never connected to again: the template of all others."""

    server: EmbeddedPostgres
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _loaded: bool = False

    @property
    def maintenance(self) -> str:
        return self.server.url.replace("/daytwo?", "/postgres?")

    def create(self, *, company: bool = False) -> str:
        """The address of a new database: with nothing but its schema, or with the example company."""
        if company and not self._loaded:
            self._copy(_COMPANY, _EMPTY)
            with ThreadPoolExecutor(1) as beside:  # a test's own loop may be here
                beside.submit(self._load_company).result()
            self._loaded = True
        name = f"test_{next(self._numbers)}"
        self._copy(name, _COMPANY if company else _EMPTY)
        return self._address(name)

    def _address(self, name: str) -> str:
        return self.server.url.replace("/daytwo?", f"/{name}?")

    def _copy(self, name: str, template: str) -> None:
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(query)

    def _load_company(self) -> None:
        async def load() -> None:
            store = Store(StoreSettings(url=SecretStr(self._address(_COMPANY)), pool_size=1))
            await load_example(store)
            await store.close()

        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(load())

    def drop(self, url: str) -> None:
        name = url.split("/")[-1].split("?")[0]
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def rename(self, url: str, name: str) -> None:
        """Nobody may be connected to it."""
        old = url.split("/")[-1].split("?")[0]
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(name))
            )
