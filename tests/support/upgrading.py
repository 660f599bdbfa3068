"""Databases of earlier versions, with rows in every table."""

from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from psycopg import Connection, sql
from sqlalchemy import create_engine

from daytwo_store import migrate

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


def fill(old: Connection, *, known: set[tuple[str, str]] | None = None) -> dict[str, int]:
    """A row in every table; how many rows each has then. `known`: the tables and columns that are written, or all."""
    old.execute("SET session_replication_role = replica")  # every key is 'a', so nothing dangles in the end
    tables = [name for (name,) in old.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()]
    if known is not None:
        tables = [name for name in tables if name in {table for table, _ in known}]
    for table in set(tables) - {"alembic_version", "audit_head"}:
        columns = old.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
            "AND table_schema = 'public' AND is_identity = 'NO' AND is_generated = 'NEVER'",
            (table,),
        ).fetchall()
        columns = [(name, kind) for name, kind in columns if known is None or (table, name) in known]
        columns = [(name, kind) for name, kind in columns if (table, name) != ("lock", "hold_id")]  # a run has it
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


def upgrade_to(url: str, revision: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        command.upgrade(migrate._config(connection), revision)
        connection.commit()
    engine.dispose()


def revisions() -> list[str]:
    """All of them, the oldest first."""
    return [one.revision for one in ScriptDirectory.from_config(migrate._config()).walk_revisions()][::-1]
