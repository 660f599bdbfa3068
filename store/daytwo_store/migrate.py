"""Migrations: `daytwo migrate`, or `python -m daytwo_store.migrate` with DAYTWO_DATABASE_URL.

Runs under an advisory lock, so several processes may start it at once; each migration is one transaction, so a death in
the middle leaves the schema as it was before.
"""

import os
import sys
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from daytwo_store.engine import Store

_LOCK: Final = 7_246_391


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
    engine = create_engine(
        url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1),
        hide_parameters=True,
    )
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


async def current(store: Store) -> str | None:
    """The revision that the database has, None for an empty one. Raises `Unavailable`."""
    async with store.read() as session:
        connection = await session.connection()
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def is_current(store: Store) -> bool:
    """Does the database have the schema that this code expects? Raises `Unavailable`."""
    return await current(store) == newest()


if __name__ == "__main__":
    sys.stderr.write(f"schema at {upgrade(os.environ['DAYTWO_DATABASE_URL'])}\n")
