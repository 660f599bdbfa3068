"""A chain of the time before checkpoints is computed anew by its migration, and holds."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
import rfc8785
from alembic import command
from databases import Databases
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import create_engine

from daytwo_store import migrate
from daytwo_store.audit_check import Whole, verify
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """The address of a database with nothing in it."""
    name = sql.Identifier("test_old_audit")
    with psycopg.connect(databases.maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    url = databases.server.url.replace("/daytwo?", "/test_old_audit?")
    yield url
    databases.drop(url)


async def test_an_old_chain_holds_after_the_migration(empty: str) -> None:
    engine = create_engine(empty.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        command.upgrade(migrate._config(connection), "0009")
        connection.commit()
    engine.dispose()
    at, before = datetime(2026, 11, 1, 12, 0, 0, 123, tzinfo=UTC), "0" * 64
    with psycopg.connect(empty) as old:
        for n in range(1, 8):
            entry = {"n": n, "at": at.isoformat(), "actor": "p_ana", "action": "run.accepted", "subject": f"run:r_{n}"}
            entry["facts"] = {"from": 'ä \u2028 "x"', "digest": "d" * n}
            before = hashlib.sha256(bytes.fromhex(before) + rfc8785.dumps(entry)).hexdigest()
            old.execute(
                "INSERT INTO audit VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (n, at, entry["actor"], entry["action"], entry["subject"], json.dumps(entry["facts"]), before),
            )
        old.execute("UPDATE audit_head SET n = 7, hash = %s", (before,))
    migrate.upgrade(empty)
    store = Store(StoreSettings(url=SecretStr(empty)))
    async with store.read() as session:
        found = await verify(session)
    await store.close()
    assert found == Whole(first=1, last=7, checkpoints=0, outside=0, sealed=0, unchecked=0)
