"""A database of an earlier version, with rows in every table, comes to the newest schema and loses none of them."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic import command
from databases import Databases
from psycopg import Connection, sql
from pydantic import SecretStr
from sqlalchemy import create_engine, select

from daytwo_store import migrate
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings
from daytwo_store.tables import Base

pytestmark = pytest.mark.anyio
OLD = "0006"
FILLED: dict[str, Any] = {
    "text": "a",
    "bigint": 1,
    "integer": 1,
    "boolean": False,
    "timestamp with time zone": "2026-11-01T12:00:00Z",
    "jsonb": "{}",
    "json": "{}",
    "bytea": b"a",
    "ARRAY": ["a"],
    "numeric": 1,
    "double precision": 1.0,
    "date": "2026-11-01",
}


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """The address of a database with nothing in it."""
    with psycopg.connect(databases.maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier("test_upgrading")))
    url = databases.server.url.replace("/daytwo?", "/test_upgrading?")
    yield url
    databases.drop(url)


def fill(old: Connection) -> dict[str, int]:
    """A row in every table; how many rows each has then."""
    old.execute("SET session_replication_role = replica")  # every key is 'a', so nothing dangles in the end
    tables = [name for (name,) in old.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()]
    for table in set(tables) - {"alembic_version", "audit_head"}:
        columns = old.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
            "AND table_schema = 'public' AND is_identity = 'NO' AND is_generated = 'NEVER'",
            (table,),
        ).fetchall()
        old.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(",").join(sql.Identifier(name) for name, _ in columns),
                sql.SQL(",").join(sql.Placeholder() for _ in columns),
            ),
            [FILLED[kind] for _, kind in columns],
        )
    old.execute("UPDATE audit_head SET n = 1")
    return count(old, tables)


def count(connection: Connection, tables: list[str]) -> dict[str, int]:
    found = {}
    for table in tables:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        assert row is not None
        found[table] = row[0]
    return found


async def test_rows_of_an_earlier_version_are_there_and_can_be_read(empty: str) -> None:
    engine = create_engine(empty.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        command.upgrade(migrate._config(connection), OLD)
        connection.commit()
    engine.dispose()
    with psycopg.connect(empty) as old:
        before = fill(old)
    assert before["run"] == before["lock_queue"] == before["decision"] == before["session"] == 1
    assert migrate.upgrade(empty) == migrate.newest()
    with psycopg.connect(empty) as new:
        assert count(new, list(before)) == before
    store = Store(StoreSettings(url=SecretStr(empty)))
    async with store.read() as session:
        for mapper in Base.registry.mappers:
            rows = (await session.scalars(select(mapper.class_))).all()
            assert len(rows) == before.get(mapper.local_table.name, len(rows))  # type: ignore[attr-defined]
    await store.close()
