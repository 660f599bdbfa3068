"""For tests and demonstrations: the machines as a child process."""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from daytwo_standins.machines.config import EnvironmentName, Machine, MachinesConfig, ServiceName
from daytwo_standins.machines.errors import MachinesError


class MachinesDidNotStart(MachinesError):
    """The process ended or was silent; the text has what it wrote."""


@dataclass(frozen=True, slots=True)
class RunningMachines:
    """A supervisor that is ready. `ready` is its line, `supervisor.Ready` as JSON; `events` the file of its events."""

    process: subprocess.Popen[str]
    ready: Mapping[str, Any]
    events: Path

    def stop(self) -> int:
        """Ask it to end and wait; returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


def config_with_free_ports(
    services: Mapping[ServiceName, Mapping[str, str]], environments: tuple[EnvironmentName, ...]
) -> MachinesConfig:
    """The given services with their settings in each environment, on ports that are free now."""
    places = [(environment, service) for environment in environments for service in services]
    ports = dict(zip(places, free_ports(len(places)), strict=True))
    return MachinesConfig(
        environments={
            environment: {
                service: Machine(port=ports[environment, service], settings=dict(settings))
                for service, settings in services.items()
            }
            for environment in environments
        }
    )


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on; all held at once while choosing, so they differ."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]


@contextmanager
def start_machines(
    root: Path, config: MachinesConfig, *, repositories: Path | None = None, within: float = 30
) -> Iterator[RunningMachines]:
    """Start the process on a root folder and wait for its line; stop it at the end. Raises MachinesDidNotStart."""
    root.mkdir(parents=True, exist_ok=True)
    file, events = root / "machines.json", root / "machines.events"
    file.write_text(config.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "daytwo_standins.machines", "--root", str(root), "--config", str(file)]
    if repositories is not None:
        command += ["--repositories", str(repositories)]
    with events.open("a", encoding="utf-8") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    with process:
        try:
            yield RunningMachines(process, _first_line(process, events, within), events)
        finally:
            if process.poll() is None:
                process.terminate()


def _first_line(process: subprocess.Popen[str], events: Path, within: float) -> Mapping[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline() if _readable(process.stdout, within) else ""
    if not line:
        raise MachinesDidNotStart(f"the machines did not get ready; they wrote:\n{events.read_text(encoding='utf-8')}")
    ready: Mapping[str, Any] = json.loads(line)
    return ready


def _readable(stream: IO[str], within: float) -> bool:
    """Whether a byte or the end comes in time."""
    deadline = time.monotonic() + within
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return bool(selector.select(max(0, deadline - time.monotonic())))
