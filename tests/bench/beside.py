"""What stands beside the house while runbooks are measured: the service they ask, the bare worker, its database."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from tests.bench.bare_steps import TABLE
from tests.bench.shapes import SERVICE
from tests.chaos.harness.house import ChaosHouse

_DATABASE: Final = "bare"  # on the same server; its counters are its own


@dataclass
class Beside:
    """`processes`: by their ids, for the processor time."""

    database: str
    command: list[str]
    worker: "subprocess.Popen[bytes]"
    processes: dict[str, int] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of(cls, house: ChaosHouse) -> Iterator[Self]:
        service = house.house.company.addresses()[SERVICE]
        database = _made(house.database_url)
        where = ["--temporal", house.house.product.temporal_address, "--database", database, "--service", service]
        command = ["tests.bench.bare_steps", *where]
        answering = _started(["tests.bench.loopback", service.rpartition(":")[2]])
        beside = cls(database, command, _started(command))
        beside.processes = {"bare worker": beside.worker.pid, "service": answering.pid}
        try:
            yield beside
        finally:
            for process in (beside.worker, answering):
                process.kill()
                process.wait()

    def kill_worker(self) -> None:
        self.worker.kill()
        self.worker.wait()

    def start_worker(self) -> None:
        self.worker = _started(self.command)
        self.processes["bare worker"] = self.worker.pid


def _made(url: str) -> str:
    """The URL of a new database with its one table."""
    mine = urlunsplit(urlsplit(url)._replace(path=f"/{_DATABASE}"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_DATABASE}")
    with psycopg.connect(mine, autocommit=True) as connection:
        connection.execute(TABLE)
    return mine


def _started(module: list[str]) -> "subprocess.Popen[bytes]":
    """Waits until it says that it is ready."""
    process = subprocess.Popen([sys.executable, "-m", *module], stdout=subprocess.PIPE)
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        raise RuntimeError(f"{module[0]} did not start")
    return process
