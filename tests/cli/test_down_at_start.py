"""PostgreSQL or Temporal is down when something starts: it says which, where, what to do, and never the password."""

import asyncio
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import structlog
from pydantic import SecretStr

from daytwo_api import process as api
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings
from daytwo_cli.exits import Exit
from daytwo_store import migrate, whereabouts
from daytwo_store.engine import Store
from daytwo_workflows import process as worker
from daytwo_workflows.lazy import lazy_driver

pytestmark = pytest.mark.anyio

PASSWORD: Final = "hunter2-of-the-store"
NO_POSTGRES: Final = f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/ours"
ABSENT: Final = "PostgreSQL at 127.0.0.1:1 (database ours) cannot be used: Connection refused. "
REMEDY: Final = " Start it, or correct DAYTWO_DATABASE_URL (host, port, database, user and password)."


def settings(folder: Path, url: str = NO_POSTGRES) -> ApiSettings:
    (folder / "key").write_bytes(b"k" * 32)
    given = {"database_url": SecretStr(url), "secret_file": folder / "key", "temporal_address": "127.0.0.1:1"}
    return ApiSettings.model_validate({**given, "sign_in": "people", "admins": "group:platform", "connections": {}})


async def first(logs: list[dict[str, Any]], event: str) -> dict[str, Any]:
    """What was written first of all about this; nothing that was written holds the password."""
    async with asyncio.timeout(30):
        while not (found := [line for line in logs if line["event"] == event]):
            await asyncio.sleep(0.01)
    assert PASSWORD not in str(logs)
    return found[0]


def test_migrate_without_postgresql(capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate.run(NO_POSTGRES) == Exit.UNREACHABLE
    [sentence] = capsys.readouterr().err.splitlines()
    assert sentence.startswith(ABSENT)
    assert sentence.endswith(REMEDY)
    assert "run `daytwo migrate` again" in sentence
    assert PASSWORD not in sentence


@pytest.mark.parametrize("url", ["hello", f"postgresql://u:{PASSWORD}@h:port/x", f"postgresql://u:{PASSWORD}@[::1/x"])
def test_what_is_no_address_is_a_mistake_of_the_caller(capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert migrate.run(url) == Exit.USAGE
    assert capsys.readouterr().err == f"{whereabouts.NO_ADDRESS} Nothing was changed. Correct it.\n"


async def test_an_api_without_postgresql_waits_and_says_for_what(tmp_path: Path) -> None:
    given = settings(tmp_path)
    store = Store(given.store)
    services = build_services(given, store, await lazy_driver(given), backends={})
    with structlog.testing.capture_logs() as logs:
        loading = asyncio.create_task(api._load(services))
        line = await first(logs, "api.waits")
        assert not loading.done(), "it goes on waiting"
        loading.cancel()
    await store.close()
    assert (line["part"], line["address"]) == ("database", "127.0.0.1:1")
    assert line["detail"].startswith(ABSENT)
    assert "nothing is accepted" in line["detail"]
    assert line["detail"].endswith(REMEDY)


@pytest.mark.parametrize("down", ["database", "temporal"])
async def test_a_worker_waits_and_says_for_what(tmp_path: Path, database_url: str, down: str) -> None:
    url = NO_POSTGRES if down == "database" else database_url
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as logs:
        working = asyncio.create_task(worker.serve(settings(tmp_path, url), stop, observe=lambda *_: None))
        line = await first(logs, "worker.waits")
        stop.set()
        await working
    assert (line["part"], line["address"]) == (down, "127.0.0.1:1")
    assert "drives no run, and none is lost" in line["detail"]
    if down == "database":
        assert line["detail"].startswith(ABSENT)
        assert line["detail"].endswith(REMEDY)
    else:
        assert line["detail"].startswith("Temporal at 127.0.0.1:1 does not answer")
        assert "Start it, or correct DAYTWO_TEMPORAL_ADDRESS" in line["detail"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('connection to server at "::1", port 1 failed: FATAL:  the database system is starting up', "the database sy"),
        (f"something that repeats {PASSWORD}", "something that repeats …"),
        ("", "it does not answer"),
    ],
)
def test_the_reason_is_the_servers_and_never_the_password(said: str, why: str) -> None:
    ours = RuntimeError("ours")
    ours.__cause__ = psycopg.OperationalError(said)
    sentence = whereabouts.absent(NO_POSTGRES, ours, meanwhile="Nothing was done.")
    assert f"cannot be used: {why}" in sentence
    assert PASSWORD not in sentence
