"""What an operator's command does on the database itself, without a server in between."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from daytwo_cli.client.server import DEFAULT_DATA
from daytwo_cli.errors import CliError, Unreachable, Usage
from daytwo_cli.tools import Tools
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_cli.up.product import CONFIG_FILE, KEY
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError, Unavailable
from daytwo_store.event_loop import loop_factory
from daytwo_store.logging import configure_logging
from daytwo_store.migrate import is_current
from daytwo_store.settings import StoreSettings

Found = TypeVar("Found")
_URL: Final = "DAYTWO_DATABASE_URL"


def environment_of(tools: Tools) -> Mapping[str, str]:
    """The variables of the settings; without any, those of `daytwo up` in this folder. Raises `Usage`."""
    data = tools.here / DEFAULT_DATA
    if tools.environment.get(_URL) or tools.environment.get("DAYTWO_CONFIG"):
        return tools.environment
    if not DataFolder(data).running():
        raise Usage(
            f"{_URL} is not set (postgresql://user:password@host:5432/name), and `daytwo up` keeps nothing in this "
            "folder. Nothing was read."
        )
    return {
        **tools.environment,
        _URL: EmbeddedPostgres(data / "postgres").url,
        "DAYTWO_SECRET_FILE": str(DataFolder(data).secret(KEY)),
        "DAYTWO_CONFIG": str(data / CONFIG_FILE),
    }


def or_usage(read: Callable[[], Found]) -> Found:
    """What cannot be read of the settings is a mistake in how the command was called."""
    try:
        return read()
    except DaytwoError as error:
        raise Usage(error.detail) from None


def on_store(settings: StoreSettings, work: Callable[[Store], Awaitable[Found]]) -> Found:
    """Raises `Unreachable`, `CliError`."""

    async def inside() -> Found:
        store = Store(settings)
        try:
            if not await is_current(store):
                raise CliError(
                    "The database does not have the tables of this version, so nothing was read or changed. Wait until "
                    "`daytwo up` is ready, or bring it up to date with `daytwo migrate`."
                )
            return await work(store)
        finally:
            await store.close()

    configure_logging(process="cli", level="error")
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(inside())
    except Unavailable as error:
        raise Unreachable(error.detail) from None
    except DaytwoError as error:
        raise CliError(error.detail) from None
