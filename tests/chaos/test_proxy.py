"""The proxy itself: a trap springs also where a statement is sent by its name, as psycopg does from the sixth on."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from tests.chaos.harness.loop import LoopThread
from tests.chaos.harness.proxy import PostgresProxy, Side, Trap

pytestmark = [pytest.mark.chaos, pytest.mark.short]


@pytest.mark.parametrize("side", Side)
def test_a_trap_springs_at_the_tenth_commit_of_a_prepared_statement(database_url: str, side: Side) -> None:
    where = urlsplit(database_url)
    loop = LoopThread("proxy")
    proxy = PostgresProxy(loop, Path(parse_qs(where.query)["host"][0]))
    try:
        with psycopg.connect(f"{proxy.url}&dbname={where.path[1:]}", autocommit=True) as connection:
            connection.execute("CREATE TABLE seen (n int)")
            trap = proxy.set(Trap(lambda sent: b"INSERT INTO seen" in sent, 10, side, lambda: None))
            for number in range(9):
                with connection.transaction():
                    connection.execute("INSERT INTO seen VALUES (%s)", (number,))
            assert not trap.sprung.is_set()
            with pytest.raises(psycopg.OperationalError), connection.transaction():
                connection.execute("INSERT INTO seen VALUES (%s)", (9,))
        assert trap.sprung.is_set()
        with psycopg.connect(database_url) as eye:
            assert eye.execute("SELECT count(*) FROM seen").fetchone() == (10 if side is Side.AFTER else 9,)
    finally:
        proxy.close()
        loop.close()
