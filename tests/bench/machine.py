"""The machine, the memory of each process, and how long `daytwo up` takes."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
from tests.chaos.harness.house import SERVICES, ChaosHouse

from daytwo_cli.up.ports import free_port

T = TypeVar("T")


@dataclass(frozen=True)
class Memory:
    """Megabytes (10⁶) of a process and its children. PSS shares what several use; RSS counts it each time."""

    process: str
    rss: float
    pss: float
    cpu: float  # per cent of one core, while nothing happens


def memory(house: ChaosHouse, *, seconds: float = 10.0, **others: int) -> list[Memory]:
    """Of each process of the house, which is left alone for so long; `others` by their ids."""
    before = cpu(house, **others)
    time.sleep(seconds)
    used = {name: 100 * (after - before[name]) / seconds for name, after in cpu(house, **others).items()}
    found = []
    for name, pid in _pids(house, others).items():
        family = _family(pid, psutil.Process.memory_full_info)
        rss, pss = (sum(getattr(one, kind) for one in family) / 1e6 for kind in ("rss", "pss"))
        found.append(Memory(name, rss, pss, used[name]))
    return found


def cpu(house: ChaosHouse, **others: int) -> dict[str, float]:
    """Seconds of processor time that each process and its children have used so far; `others` by their ids."""
    return {name: used(pid) for name, pid in _pids(house, others).items()}


def _pids(house: ChaosHouse, others: Mapping[str, int]) -> dict[str, int]:
    return {name: house.pid(name) for name in SERVICES} | dict(others)


def _family(pid: int, ask: Callable[[psutil.Process], T]) -> list[T]:
    """A process, and its children as far as they are still there: PostgreSQL's come and go."""
    parent = psutil.Process(pid)
    found = [ask(parent)]
    for child in parent.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(ask(child))
    return found


def used(pid: int) -> float:
    """Seconds of processor time, with children that have ended: PostgreSQL's parallel workers, git in the stand-in."""
    alive = _family(pid, psutil.Process.cpu_times)
    own = psutil.Process(pid).cpu_times()
    return float(sum(one.user + one.system for one in alive) + own.children_user + own.children_system)


@dataclass(frozen=True)
class Startup:
    """Seconds from the command until the page answers, and until the whole house is ready."""

    which: str
    page: float
    ready: float


def startups() -> list[Startup]:
    """Of an empty data folder, and of the same one again."""
    data = Path(tempfile.mkdtemp(prefix="daytwo-bench-"))
    try:
        return [_startup("first, on an empty folder", data), _startup("again", data)]
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _startup(which: str, data: Path) -> Startup:
    port = free_port()
    began = time.monotonic()
    command = [sys.executable, "-m", "daytwo_cli", "up", "--data", str(data), "--port", str(port)]
    with (data / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            page = _answers(process, f"http://127.0.0.1:{port}/", began)
            ready = _answers(process, f"http://127.0.0.1:{port}/readyz", began)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    return Startup(which, page, ready)


def _answers(process: "subprocess.Popen[bytes]", url: str, began: float) -> float:
    while time.monotonic() - began < 120:
        if process.poll() is not None:
            raise RuntimeError(f"daytwo up ended with exit code {process.returncode}")
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == httpx.codes.OK:
                return time.monotonic() - began
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"{url} did not answer within 120 s")


def described() -> dict[str, object]:
    """What the numbers were taken on."""
    with Path("/proc/cpuinfo").open() as lines:
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": [round(one, 2) for one in os.getloadavg()],
    }
