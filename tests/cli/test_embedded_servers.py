"""PostgreSQL and Temporal really start, keep what they were told, and end with us."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from daytwo_cli.up.child import Child, Command
from daytwo_cli.up.errors import PartFailed
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_cli.up.temporal import EmbeddedTemporal, find_temporal
from daytwo_store import migrate


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pids: list[int], *, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


def test_what_was_committed_survives_sigkill(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg") as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE told (word text)")
            connection.execute("INSERT INTO told VALUES ('kept')")
        family = [server.pid, *(child.pid for child in psutil.Process(server.pid).children(recursive=True))]
        server.kill()
        assert gone(family, seconds=0)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT word FROM told").fetchall() == [("kept",)]


def test_durability_is_on_and_no_port_is_open(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg") as server, psycopg.connect(server.url) as connection:
        asked = "fsync", "synchronous_commit", "listen_addresses"
        assert [connection.execute(f"SHOW {name}").fetchone() for name in asked] == [("on",), ("on",), ("",)]
        assert not [c for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN]


def test_a_path_that_is_too_long_for_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    with EmbeddedPostgres(folder / "pg") as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pid_file_that_names_another_program_by_now(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg").start()
    lines = (server.path / "postmaster.pid").read_text().splitlines()
    server.kill()
    (server.path / "postmaster.pid").write_text("\n".join([str(psutil.Process().pid), *lines[1:]]) + "\n")
    with server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_damaged_folder_is_said_with_the_end_of_the_log(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg"):
        pass
    (tmp_path / "pg" / "global" / "pg_control").unlink()
    with pytest.raises(PartFailed, match=r"(?s)PostgreSQL: ended with .*pg_control.*whole log is .*another --data"):
        EmbeddedPostgres(tmp_path / "pg").start()


def test_temporal_keeps_its_namespace_and_address(tmp_path: Path) -> None:
    with EmbeddedTemporal(tmp_path / "temporal") as server:
        first = server.address
        ask = [find_temporal(), "operator", "namespace"]
        subprocess.run([*ask, "create", "kept", "--address", first], check=True, capture_output=True)
        server.kill()
        server.start()
        assert server.address == first
        listed = subprocess.run([*ask, "list", "--address", first], check=True, capture_output=True, text=True)
        assert "kept" in listed.stdout
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PartFailed, match="Temporal: ended with exit code 1"):
            EmbeddedTemporal(tmp_path / "temporal", port=taken.getsockname()[1]).start()


def test_servers_end_when_their_starter_is_killed(tmp_path: Path) -> None:
    program = f"""
import pathlib, threading, time
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_cli.up.temporal import EmbeddedTemporal
folder = pathlib.Path({str(tmp_path)!r})
servers = EmbeddedPostgres(folder / "pg"), EmbeddedTemporal(folder / "temporal")
starters = [threading.Thread(target=server.start) for server in servers]  # a thread's end must not end its server
[starter.start() for starter in starters], [starter.join() for starter in starters]
print(*(server.pid for server in servers), flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(word) for word in starter.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(alive, pids))
        starter.kill()
    assert gone(pids)


def test_a_program_that_does_not_exist_is_said(tmp_path: Path) -> None:
    child = Child(Command(name="nothing", argv=["/does/not/exist"], log=tmp_path / "log"))
    assert child.wait(10) == 1
    assert (
        tmp_path / "log"
    ).read_text() == "/does/not/exist could not be started: [Errno 2] No such file or directory\n"


def test_daytwo_migrate_twice(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "daytwo_cli", "migrate"]
    with EmbeddedPostgres(tmp_path / "pg") as server:
        told = {"PATH": os.environ["PATH"], "DAYTWO_DATABASE_URL": server.url}
        subprocess.run(program, env=told, check=True, capture_output=True)
        again = subprocess.run([*program, "--json"], env=told, check=True, capture_output=True)
        assert json.loads(again.stdout) == {"revision": migrate.newest()}
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM run").fetchone() == (0,)
    lost = subprocess.run(program, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
    assert (lost.returncode, lost.stderr.count("DAYTWO_DATABASE_URL")) == (2, 1)
