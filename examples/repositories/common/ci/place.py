"""Where a service lies on Acme's machines, and how its scripts talk to the log of a run.

    $ENVIRONMENTS_ROOT/<environment>/<service>/
        releases/<version>/   what `install` puts there; never changed afterwards
        current               symbolic link to the release that runs; the machine follows it
        settings.env          what the environment tells the service
        restart               written to ask the machine for another start

Everything comes by environment variables: SERVICE, ENVIRONMENT, VERSION, ENVIRONMENTS_ROOT and PORTS,
a JSON object from environment to port.
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


@dataclass(frozen=True)
class Place:
    """A service in an environment."""

    service: str
    environment: str
    port: int
    folder: Path

    @property
    def current(self) -> Path:
        return self.folder / "current"

    @property
    def settings(self) -> Path:
        return self.folder / "settings.env"

    def release(self, version: str) -> Path:
        return self.folder / "releases" / version

    def running(self) -> str | None:
        """The version that `current` points at."""
        return self.current.readlink().name if self.current.is_symlink() else None


def place() -> Place:
    """The place that this step works on. Names are checked, because they become a path."""
    service, environment = _matching("SERVICE", NAME), _matching("ENVIRONMENT", NAME)
    folder = Path(_given("ENVIRONMENTS_ROOT"), environment, service)
    if not folder.is_dir():
        fail(f"there is no machine for {service} in {environment}: the folder {folder} does not exist")
    return Place(service, environment, _port(environment), folder)


def version() -> str:
    """The version that this step is about."""
    return _matching("VERSION", VERSION)


def seconds(name: str = "WAIT_SECONDS", *, otherwise: str = "20") -> float:
    """How long to wait for an application, at most; or another time that a variable gives."""
    text = os.environ.get(name) or otherwise
    try:
        value = float(text)
    except ValueError:
        fail(f"{name} is {text!r}, which is not a number")
    if not 0 <= value <= 600:
        fail(f"{name} is {text}, which is not between 0 and 600")
    return value


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str, title: str = "") -> NoReturn:
    """End the step with one line that CI systems show as the reason."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    say(f"::error title={title}::{escaped}" if title else f"::error::{escaped}")
    sys.exit(1)


def ask(port: int, path: str) -> str | None:
    """The body of a 200 answer on this computer, else None."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read().decode() if answer.status == 200 else None
    except (urllib.error.URLError, OSError, ValueError):
        return None


def about(port: int) -> dict[str, object]:
    """What the application on this port says about itself; empty when nothing answers."""
    body = ask(port, "/version")
    if body is None or ask(port, "/healthz") is None:
        return {}
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def until(done: Callable[[], bool], limit: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + limit
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def output(name: str, value: str) -> None:
    """A value for later steps."""
    if file := os.environ.get("GITHUB_OUTPUT"):
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(f"{name}={value}\n")


def summary(text: str) -> None:
    """A line on the run's page."""
    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(text + "\n")


def result(**values: str) -> None:
    """What whoever started the run is told at its end, where the pipeline names a file for it."""
    if file := os.environ.get("RESULT_FILE"):
        Path(file).write_text(json.dumps(values), encoding="utf-8")


def _given(name: str) -> str:
    if not (value := os.environ.get(name, "")):
        fail(f"{name} is not set; it belongs to the inputs of the workflow or the variables of the repository")
    return value


def _matching(name: str, pattern: re.Pattern[str]) -> str:
    value = _given(name)
    if not pattern.fullmatch(value):
        fail(f"{name} is {value!r}, which does not look like {pattern.pattern}")
    return value


def _port(environment: str) -> int:
    try:
        return int(json.loads(_given("PORTS"))[environment])
    except (ValueError, KeyError, TypeError):
        fail(f'PORTS has no port for {environment}; the variable of the repository looks like {{"{environment}": 8080}}')
