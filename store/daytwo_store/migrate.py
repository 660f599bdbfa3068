"""Migrations: `daytwo migrate`, or `python -m daytwo_store.migrate` with DAYTWO_DATABASE_URL.

Runs under an advisory lock, so several processes may start it at once; each migration is one transaction, so a death in
the middle leaves the schema as it was before.
"""

import json
import os
import sys
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError

from daytwo_store import whereabouts
from daytwo_store.engine import Store

_LOCK: Final = 7_246_391
_UNREACHABLE: Final = 7  # as `daytwo` itself ends when a server does not answer (docs/reference/exit-codes.md)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision that this code expects."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def upgrade(url: str) -> str:
    """Bring the database to the newest schema; the revision that it has then."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:n)"), {"n": _LOCK})
            connection.commit()
            command.upgrade(_config(connection), "head")
            connection.commit()
            connection.execute(text("select pg_advisory_unlock(:n)"), {"n": _LOCK})
            connection.commit()
    finally:
        engine.dispose()
    return newest()


def _engine(url: str) -> Engine:
    return create_engine(
        url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1),
        hide_parameters=True,
        connect_args={"connect_timeout": 10},
    )


async def current(store: Store) -> str | None:
    """The revision that the database has, None for an empty one. Raises `Unavailable`."""
    async with store.read() as session:
        connection = await session.connection()
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def is_current(store: Store) -> bool:
    """Does the database have the schema that this code expects? Raises `Unavailable`."""
    return await current(store) == newest()


def run(url: str, *, as_json: bool = False) -> int:
    """The whole process: its exit code, after a sentence on the error output; `as_json`: the revision as JSON."""
    try:
        _engine(url).dispose()  # reads the address, and connects to nothing
    except (ArgumentError, ValueError):
        sys.stderr.write(f"{whereabouts.NO_ADDRESS} Nothing was changed. Correct it.\n")
        return 2
    try:
        revision = upgrade(url)
    except (OperationalError, InterfaceError) as error:
        meanwhile = "A migration that was not finished was undone; run `daytwo migrate` again when it is there."
        sys.stderr.write(f"{whereabouts.absent(url, error, meanwhile=meanwhile)}\n")
        return _UNREACHABLE
    if as_json:
        sys.stdout.write(f"{json.dumps({'revision': revision})}\n")
    else:
        sys.stderr.write(f"schema at {revision}\n")
    return 0


if __name__ == "__main__":
    sys.exit(run(os.environ["DAYTWO_DATABASE_URL"], as_json="--json" in sys.argv[1:]))
