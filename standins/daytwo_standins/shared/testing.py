"""For tests: a stand-in as a process of its own, and repositories for it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from daytwo_standins.shared import processes
from daytwo_standins.shared.checkout import git_environment
from daytwo_standins.shared.control import ControlClient
from daytwo_standins.shared.violations import found_in

_START_SECONDS = 30.0
_DATE = "2026-01-01T12:00:00+00:00"
NOTHING: Mapping[str, Any] = MappingProxyType({})


class RunningStandin:
    """A stand-in that runs: the package ``module``, its configuration written into ``folder``.

    ``restart`` and ``kill`` keep its ports and its data.
    """

    def __init__(
        self, *, module: str, folder: Path, config: Mapping[str, Any], environment: Mapping[str, str] = NOTHING
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "standin.json").write_text(json.dumps(config), encoding="utf-8")
        self._module = module
        self._folder = folder
        self._environment = dict(environment)
        self._ports = (0, 0)
        self.data = folder / "data"
        self.url = ""
        self.control: ControlClient
        self.process: subprocess.Popen[str]
        self.start()

    def start(self) -> None:
        """Start the process and wait until it listens."""
        port, control_port = self._ports
        command = [
            *(sys.executable, "-m", self._module, "--data", str(self.data)),
            *("--config", str(self._folder / "standin.json")),
            *("--port", str(port), "--control-port", str(control_port)),
        ]
        with (self._folder / "standin.log").open("a") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **self._environment}, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            said = (self._folder / "standin.log").read_text(encoding="utf-8")
            raise RuntimeError(f"The stand-in did not start (exit status {self.process.wait()}). It said: {said}")
        told = json.loads(line)
        self.url = told["url"]
        self.control = ControlClient(told["control"])
        self._ports = (_port(told["url"]), _port(told["control"]))

    def kill(self) -> None:
        """SIGKILL, as a crash; what runs goes on."""
        self.process.kill()
        self._gone()

    def stop(self) -> None:
        """SIGTERM, and wait; what runs goes on."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._gone()

    def restart(self) -> None:
        """Stop it if it still runs, and start it again at the same address."""
        self.stop()
        self.start()

    def stop_all(self) -> None:
        """Stop the stand-in and every runner that it has started, with all that they run."""
        self.stop()
        for folder in self.data.glob("runs/*/*"):
            processes.send(_runners(f"{self._module}.runner", folder), signal.SIGKILL)
            processes.send(processes.marked(str(folder)), signal.SIGKILL)

    def _gone(self) -> None:
        self.process.wait(_START_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.control.close()


@contextmanager
def started(
    kind: str, folder: Path, config: Mapping[str, Any], environment: Mapping[str, str] = NOTHING
) -> Iterator[RunningStandin]:
    """The stand-in ``daytwo_standins.KIND`` in a folder of its own, until the end of the block, with all it started."""
    running = RunningStandin(
        module=f"daytwo_standins.{kind}", folder=folder / f"{kind}-standin", config=config, environment=environment
    )
    try:
        yield running
        assert_described(running.data)
    finally:
        running.stop_all()


def assert_described(*folders: Path) -> None:
    """Nothing in the stand-ins of these data folders was otherwise than the vendor describes it.

    Raises:
        AssertionError: something was; each operation and place is named.
    """
    wrong = [line for folder in folders for line in found_in(folder)]
    if wrong:
        raise AssertionError("Not as the vendor describes its API: " + "; ".join(wrong[:20]))


@contextmanager
def with_repositories(
    kind: str,
    folder: Path,
    repositories: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    tokens: Sequence[Mapping[str, Any]],
    webhook: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Iterator[RunningStandin]:
    """One that has repositories, under its own word for them, and may send webhooks."""
    [(word, listed)] = repositories.items()
    config = {
        word: [{**one, "path": str(one["path"])} for one in listed],
        "tokens": [dict(one) for one in tokens],
        "webhooks": [dict(webhook)] if webhook else [],
        **settings,
    }
    with started(kind, folder, config, environment) as running:
        yield running


def make_repository(path: Path, commits: Sequence[tuple[Mapping[str, str], str | None]]) -> list[str]:
    """A git repository with branch main: per commit the files that it adds or changes, and its tag or None.

    Dates and authors are fixed, so the commit ids are the same every time; they are returned in order.
    """
    path.mkdir(parents=True)
    _git(path, "init", "--quiet", "--initial-branch=main")
    return add_commits(path, commits)


def add_commits(path: Path, commits: Sequence[tuple[Mapping[str, str], str | None]]) -> list[str]:
    """More commits on top of those that are there."""
    ids = []
    for files, tag in commits:
        for name, text in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        _git(path, "add", "--all")
        _git(path, "commit", "--quiet", "--allow-empty", "--message", f"Version {tag}" if tag else "Change")
        ids.append(_git(path, "rev-parse", "HEAD").strip())
        if tag:
            _git(path, "tag", tag)
    return ids


def eventually(look: Any, *, seconds: float = 60.0, every: float = 0.05) -> Any:
    """Call ``look`` until it gives something true, and give that; the last thing it gave is in the error."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"still {found!r} after {seconds} seconds")
        time.sleep(every)


def _runners(module: str, folder: Path) -> list[int]:
    told = {module.encode(), str(folder).encode()}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if told <= set(line):
                found.append(int(entry.name))
    return found


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _git(path: Path, *arguments: str) -> str:
    person = {"NAME": "Acme", "EMAIL": "acme@example.com", "DATE": _DATE}
    environment = {
        **git_environment(os.environ.get("PATH", os.defpath)),
        **{f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in person.items()},
    }
    done = subprocess.run(
        ["git", "-C", str(path), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"git {arguments[0]} in {path} ended with {done.returncode}: {done.stderr}")
    return done.stdout
