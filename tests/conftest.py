"""One embedded PostgreSQL per test process, and a fresh, migrated database per test (copied from a template)."""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_store import migrate
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Databases:
    """A server whose database `daytwo` is migrated and never connected to again: the template of all others."""

    server: EmbeddedPostgres
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def maintenance(self) -> str:
        return self.server.url.replace("/daytwo?", "/postgres?")

    def create(self) -> str:
        """The address of a new database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE daytwo").format(sql.Identifier(name)))
        return self.server.url.replace("/daytwo?", f"/{name}?")

    def drop(self, url: str) -> None:
        name = url.split("/")[-1].split("?")[0]
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The server of this test process; with pytest-xdist each worker has its own."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "data") as server:
        migrate.upgrade(server.url)
        yield Databases(server)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on a fresh database, with the database's clock."""
    opened = Store(StoreSettings(url=SecretStr(database_url), pool_size=4))
    yield opened
    await opened.close()
