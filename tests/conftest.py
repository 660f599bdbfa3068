"""One embedded PostgreSQL per test process, and a fresh, migrated database per test (copied from a template).

Where a test has the example company, it is in the copy: reading its files for each of a thousand tests takes minutes.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import slow_tests
from databases import Databases
from described import FOLDER
from pydantic import SecretStr

from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_store import migrate
from daytwo_store.engine import Store
from daytwo_store.logging import configure_logging
from daytwo_store.settings import StoreSettings


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out those marked `long` or measured as slow, unless `-m` speaks of them or their file is named."""
    slow = slow_tests.listed()
    for item in items:
        if item.nodeid in slow:
            item.add_marker(pytest.mark.long)
    if "long" in config.option.markexpr:
        return
    named = {Path(argument.partition("::")[0]).resolve() for argument in config.args}
    left_out = [item for item in items if item.get_closest_marker("long") and item.path.resolve() not in named]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    in_file = Counter(item.path for item in items)
    items.sort(key=lambda item: (*_turn(item.path), -in_file[item.path], str(item.path)))


def _turn(path: Path) -> tuple[int, str]:
    """What has few tests that take long is begun first: at the end one worker would play it, and the others wait.

    Folder by folder: the company that the tests of one share is ended with them. One that is only kept takes a fifth
    of a core.
    """
    folder = path.relative_to(Path(__file__).parent).parts[0]
    if path.name == "test_demo_whole.py":
        return 0, ""
    return (1, folder) if folder in ("browser", "chaos", "e2e") else (2, "")


@pytest.fixture(scope="session", autouse=True)
def descriptions() -> None:
    """Every stand-in that a test starts holds requests and answers against them, and fails its tests at their end."""
    if FOLDER.is_dir():
        os.environ["DAYTWO_SPECS"] = str(FOLDER)


@pytest.fixture(autouse=True)
def logs() -> None:
    """As in production: structlog's own way of printing a traceback, with all locals, takes seconds.

    For every test anew: what a command set up for itself in this process, a level above all, would stay.
    """
    configure_logging(process="tests", level="warning")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The server of this test process; with pytest-xdist each worker has its own."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "data", durable=False) as server:
        migrate.upgrade(server.url)
        yield Databases(server)


@pytest.fixture
def database_url(databases: Databases, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh, migrated database; with the example company in it for whoever asks for `company`."""
    url = databases.create(company="company" in request.fixturenames)
    yield url
    databases.drop(url)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on a fresh database, with the database's clock."""
    opened = Store(StoreSettings(url=SecretStr(database_url), pool_size=4))
    yield opened
    await opened.close()
