"""R54: a migration is killed in the middle, and begun anew."""

import subprocess
import sys
import time
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
    """Somebody else has the tables, so it stands still in the middle; it is killed there, and begun anew."""
    with psycopg.connect(databases.maintenance, autocommit=True) as connection:
        connection.execute("CREATE DATABASE test_migrations_killed")
    empty = databases.server.url.replace("/daytwo?", "/test_migrations_killed?")
    every = revisions()
    upgrade_to(empty, OLD)
    with psycopg.connect(empty) as old:
        before = fill(old)
    killed = 0
    for last, revision in pairwise(every):
        if revision <= OLD:
            continue
        with psycopg.connect(empty) as other, psycopg.connect(empty, autocommit=True) as eye:
            for table in before:
                other.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.Identifier(table)))
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, empty, revision], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            while child.poll() is None and not _waits(eye):
                time.sleep(0.05)
            if child.poll() is None:
                child.kill()
                child.wait()
                killed += 1
                assert _revision(eye) == last, "a half of it has stayed"
        upgrade_to(empty, revision)
        with psycopg.connect(empty) as new:
            assert (_revision(new), count(new, list(before))) == (revision, before)
    databases.drop(empty)
    assert killed >= 5


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


def _revision(connection: Connection) -> str:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])
