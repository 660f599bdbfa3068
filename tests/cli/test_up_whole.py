"""`daytwo up` as a process: it comes up, heals, stops, remembers, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from daytwo_standins.shared.testing import assert_described

PROGRAM = [sys.executable, "-m", "daytwo_cli"]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(true: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Up:
    """A running `daytwo up`."""

    def __init__(self, process: "subprocess.Popen[str]", data: Path) -> None:
        self.process = process
        self.data = data

    @property
    def now(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "processes.json").read_text())
        return found

    def row(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(row for row in self.now["processes"] if row["name"] == name)
        return found

    @property
    def page(self) -> str:
        return str(self.now["page"])

    def family(self) -> list[int]:
        """Every process that came from it."""
        return [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children(recursive=True))]

    def daytwo(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        told = {"PATH": os.environ["PATH"], "HOME": str(self.data / "home"), "DAYTWO_URL": self.page}
        return subprocess.run([*PROGRAM, *arguments], env=told, capture_output=True, text=True, check=False)


@contextmanager
def up(data: Path, log: Path) -> Iterator[Up]:
    with log.open("w") as out:
        argv = [*PROGRAM, "up", "--data", str(data), "--profile", "test"]
        process = subprocess.Popen(argv, stdout=out, stderr=out, text=True)
    try:
        until(lambda: "Daytwo runs: " in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield Up(process, data)
        assert_described(data / "github")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("house")
    with up(folder / "data", folder / "up.log") as running:
        yield running


@pytest.mark.long
def test_it_is_there_and_ana_can_look_around(house: Up) -> None:
    assert httpx.get(f"{house.page}/readyz", trust_env=False).json()["ready"] is True
    assert house.daytwo("login", "--as", "ana").returncode == 0
    assert "deploy" in house.daytwo("actions", "--entity", "service:shop").stdout
    assert "1.0.0" in house.daytwo("entities", "deployment:shop-production").stdout


@pytest.mark.long
def test_pat_turns_a_pipeline_into_an_action_and_the_registered_ones_fit(house: Up, tmp_path: Path) -> None:
    assert house.daytwo("login", "--as", "pat").returncode == 0
    listed = house.daytwo("pipelines", "github", "acme/shop").stdout
    assert "deploy.yml" in listed
    made = house.daytwo("pipelines", "github", "acme/shop", "deploy.yml", "--as", "action").stdout
    (tmp_path / "deploy.yaml").write_text(made)
    assert house.daytwo("validate", str(tmp_path)).returncode == 0, made
    checked = house.daytwo("check", "--strict")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    assert house.daytwo("login", "--as", "ana").returncode == 0
    assert house.daytwo("pipelines", "github", "acme/shop").returncode == 6


@pytest.mark.long
def test_a_second_one_on_the_same_folder_says_where_the_first_answers(house: Up) -> None:
    before = house.now
    second = house.daytwo("up", "--data", str(house.data))
    assert second.returncode == 1
    assert house.page in second.stderr
    assert "Nothing was started" in second.stderr
    assert house.now == before


@pytest.mark.long
@pytest.mark.parametrize("name", ["worker", "API", "GitHub stand-in", "Temporal", "PostgreSQL"])
def test_what_is_killed_comes_back_where_it_was(house: Up, name: str) -> None:
    before = house.row(name)
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: house.row(name)["restarts"] == before["restarts"] + 1 and house.row(name)["running"])
    after = house.row(name)
    assert after["pid"] != before["pid"]
    assert after["address"] == before["address"]
    until(lambda: _ready(house))


def _ready(house: Up) -> bool:
    try:
        return httpx.get(f"{house.page}/readyz", trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.long
def test_stopped_and_started_again_it_remembers(tmp_path: Path) -> None:
    with up(tmp_path / "data", tmp_path / "first.log") as first:
        page, family = first.page, first.family()
        assert len(family) > 8
        first.daytwo("login", "--as", "ana")
        made = first.daytwo("tokens", "create", "kept")
        assert made.returncode == 0
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(60) == 0
    assert [pid for pid in family if alive(pid)] == []
    assert not any(row["running"] for row in first.now["processes"])
    with up(tmp_path / "data", tmp_path / "second.log") as second:
        assert second.page == page
        assert "kept" in second.daytwo("tokens", "list").stdout
        family = second.family()
        second.process.kill()
        until(lambda: not any(map(alive, family)), seconds=30)
        second.process.wait()


@pytest.mark.long
def test_a_part_that_does_not_come_up_is_named_with_its_last_words(tmp_path: Path) -> None:
    with up(tmp_path / "data", tmp_path / "first.log"):
        pass
    (tmp_path / "data" / "postgres" / "global" / "pg_control").unlink()
    argv = [*PROGRAM, "up", "--data", str(tmp_path / "data")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "PostgreSQL: ended with" in done.stderr
    assert "pg_control" in done.stderr
    assert "Traceback" not in done.stderr
    rows = json.loads((tmp_path / "data" / "processes.json").read_text())["processes"]
    assert not any(alive(row["pid"]) for row in rows)


@pytest.mark.long
def test_a_closed_terminal_keeps_it_neither_from_healing_nor_from_stopping(tmp_path: Path) -> None:
    argv = [*PROGRAM, "up", "--data", str(tmp_path / "data"), "--profile", "test"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        while "Daytwo runs: " not in process.stdout.readline():
            assert process.poll() is None
        process.stdout.close()
        house = Up(process, tmp_path / "data")
        worker, family = house.row("worker"), house.family()
        os.kill(worker["pid"], signal.SIGKILL)
        until(lambda: house.row("worker")["restarts"] == 1 and house.row("worker")["running"])
        family += house.family()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert [pid for pid in family if alive(pid)] == []
