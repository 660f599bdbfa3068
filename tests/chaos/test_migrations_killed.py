"""R54: a migration is killed in the middle, and begun anew."""

import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import psycopg
import pytest
from databases import Databases
from psycopg import Connection, sql
from upgrading import count, fill, revisions, upgrade_to

OLD: Final = "0006"


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_killed_in_the_middle_of_every_migration(databases: Databases) -> None:
    """Each is killed when it has done all and would say so, which somebody keeps it from; one that changes what is
    there is also killed before, where it waits for a table that somebody reads. Then it is begun anew."""
    with psycopg.connect(databases.maintenance, autocommit=True) as connection:
        connection.execute("CREATE DATABASE test_migrations_killed")
    empty = databases.server.url.replace("/daytwo?", "/test_migrations_killed?")
    every = [(last, revision) for last, revision in pairwise(revisions()) if revision > OLD]
    upgrade_to(empty, OLD)
    with psycopg.connect(empty) as old:
        before = fill(old)
    reading = [(table, "ACCESS SHARE") for table in before]
    killed_before = killed_after = 0
    for last, revision in every:
        killed_after += _killed(empty, revision, last, [("alembic_version", "SHARE")])
        killed_before += _killed(empty, revision, last, reading)
        upgrade_to(empty, revision)
        with psycopg.connect(empty) as new:
            assert (_revision(new), count(new, list(before))) == (revision, before)
    databases.drop(empty)
    assert killed_after == len(every)
    assert killed_before >= 5


def _killed(url: str, revision: str, last: str, locks: Sequence[tuple[str, str]]) -> bool:
    """Begin it while somebody has these locks, and kill it where it waits for them; whether it did wait."""
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as eye:
        for table, mode in locks:
            other.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(sql.Identifier(table), sql.SQL(mode)))
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, url, revision], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        while child.poll() is None and not _waits(eye):
            time.sleep(0.05)
        if child.poll() is not None:
            return False
        child.kill()
        child.wait()
        other.close()
        while _others(eye):  # until the server has noticed, too
            time.sleep(0.05)
        assert _revision(eye) == last, "a half of it has stayed"
    return True


CHILD = """
import sys
from alembic import command
from sqlalchemy import create_engine
from daytwo_store import migrate
with create_engine(sys.argv[1].replace("postgresql://", "postgresql+psycopg://", 1)).connect() as connection:
    command.upgrade(migrate._config(connection), sys.argv[2])
    connection.commit()
"""


def _waits(connection: Connection) -> bool:
    """Does another session wait for a table?"""
    row = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'").fetchone()
    return row is not None and row[0] > 0


def _others(connection: Connection) -> bool:
    """Is anybody else connected to this database?"""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    ).fetchone()
    return row is not None and row[0] > 0


def _revision(connection: Connection) -> str:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])
