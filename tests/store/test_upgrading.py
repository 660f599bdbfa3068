"""A database of an earlier version, with rows in every table, comes to the newest schema and loses none of them."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from databases import Databases
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError
from upgrading import count, fill, revisions, upgrade_to

from daytwo_store import migrate
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings
from daytwo_store.tables import Base

pytestmark = pytest.mark.anyio
OLD = "0006"


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """The address of a database with nothing in it."""
    with psycopg.connect(databases.maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier("test_upgrading")))
    url = databases.server.url.replace("/daytwo?", "/test_upgrading?")
    yield url
    databases.drop(url)


async def test_rows_of_an_earlier_version_are_there_and_can_be_read(empty: str) -> None:
    upgrade_to(empty, OLD)
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


@pytest.mark.parametrize("before", ["0026", revisions()[-2]])
def test_code_of_the_version_before_writes_into_the_newest_schema(empty: str, before: str) -> None:
    """A process that was not upgraded yet goes on while others are (R54): what it does not know has its default."""
    upgrade_to(empty, before)
    with psycopg.connect(empty) as old:
        old.execute("SET session_replication_role = replica")
        known = old.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
    migrate.upgrade(empty)
    with psycopg.connect(empty) as new:
        now = new.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
        assert set(known) <= set(now), "what it reads and writes is there"
        rows = fill(new, known=set(known))
        assert rows["run"] == rows["step"] == rows["attempt"] == 1


def test_each_migration_is_a_transaction_of_its_own(empty: str) -> None:
    """What one has locked is free before the next, and what fails takes nothing back of those before it."""
    upgrade_to(empty, "0030")
    with psycopg.connect(empty) as old:
        old.execute("CREATE TABLE task (in_the_way text)")
    with pytest.raises(ProgrammingError):
        migrate.upgrade(empty)
    with psycopg.connect(empty) as between:
        assert between.execute("SELECT version_num FROM alembic_version").fetchall() == [("0032",)]


PLANS = {
    "asks before": {"approval": {"count": 1}, "steps": []},
    "asks in the middle": {"approval": None, "steps": [{"uses": "github"}, {"uses": "approval", "given": {}}]},
    "would ask": {"approval": None, "steps": [{"uses": "approval", "given": {}, "runs": False}]},
    "asks nobody": {"approval": None, "steps": [{"uses": "github"}, {"uses": "wait", "given": {}}]},
    "a connection of that name": {"approval": None, "steps": [{"uses": "approval", "project": "x"}]},
    "is over": {"approval": {"count": 1}, "steps": []},
    "was asked about later": {"approval": None, "steps": [{"uses": "github"}]},
}


async def test_runs_of_before_are_as_protected_as_their_sealed_plans_say(empty: str) -> None:
    """Somebody has to approve them: what goes on with them is what goes on with a new one."""
    upgrade_to(empty, OLD)
    with psycopg.connect(empty) as old:
        fill(old)
        for run, plan in PLANS.items():
            ended = "2026-11-01T12:00:00Z" if run == "is over" else None
            old.execute("CREATE TEMP TABLE one AS SELECT * FROM run WHERE id = 'a'")
            old.execute(
                "UPDATE one SET id = %s, idempotency_key = %s, plan = %s, ended_at = %s",
                (run, run, json.dumps(plan), ended),
            )
            old.execute("INSERT INTO run SELECT * FROM one")
            old.execute("DROP TABLE one")
        old.execute("UPDATE approval SET run_id = 'was asked about later'")
    migrate.upgrade(empty)
    with psycopg.connect(empty) as new:
        protected = {run for (run,) in new.execute("SELECT id FROM run WHERE protected").fetchall()}
    assert protected == {"asks before", "asks in the middle", "was asked about later"}
