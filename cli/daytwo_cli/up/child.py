"""A process that we start, watch and stop, and that never outlives us."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from daytwo_cli.up.errors import PartFailed

_TETHER = Path(__file__).with_name("tether.py")


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to start. Output and errors are appended to `log`; the environment is exactly `env`.

    What it prints on standard output goes to `announcement` instead when that is given, and replaces what was there.
    """

    name: str
    argv: Sequence[str]
    log: Path
    announcement: Path | None = None
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    death_signal: signal.Signals = signal.SIGKILL  # sent to it when we end without stopping it
    user: tuple[int, int] | None = None  # uid and gid to run as
    detaches: bool = False  # what it starts is meant to outlive it, and is left alone when it is killed


class Child:
    """One started process in a session of its own, so that Ctrl-C in a terminal reaches only us.

    The kernel's parent-death signal follows the *thread* that started a process. That thread is made here and waits
    for the process, so a child may be started from anywhere, also from a thread pool.
    """

    def __init__(self, command: Command) -> None:
        self.command = command
        self.ended: Future[int] = Future()
        self._process: Future[subprocess.Popen[bytes]] = Future()
        threading.Thread(target=self._live, name=f"owner of {command.name}", daemon=True).start()
        self.pid: int = self._process.result().pid

    def _live(self) -> None:
        try:
            process = self._start()
        except OSError as error:
            self._process.set_exception(PartFailed(self.command.name, f"could not be started: {error}"))
            return
        self._process.set_result(process)
        self.ended.set_result(process.wait())

    def _start(self) -> subprocess.Popen[bytes]:
        command = self.command
        user = "{}:{}".format(*command.user) if command.user else "-"
        tether = [str(os.getpid()), str(int(command.death_signal)), user]
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:
            log = files.enter_context(command.log.open("ab"))
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(_TETHER), *tether, "--", *command.argv],
                env=dict(command.env),
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=files.enter_context(command.announcement.open("wb")) if command.announcement else log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return not self.ended.done()

    def wait(self, timeout: float) -> int | None:
        """Its exit code (negative: the signal that ended it), or None when it still runs after `timeout` seconds."""
        try:
            return self.ended.result(timeout)
        except NotYet:
            return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it alone; nothing happens when it has ended."""
        if self.running:
            self._process.result().send_signal(number)

    def stop(self, *, ask: signal.Signals = signal.SIGTERM, grace: float = 10) -> int:
        """Ask it to end, insist after `grace` seconds, and say how it ended."""
        self.send(ask)
        if self.wait(grace) is None:
            self.kill()
        return self.ended.result()

    def kill(self) -> None:
        """SIGKILL it and everything that it started, and wait until all of it is gone."""
        family = [] if self.command.detaches else self._family()
        self.send(signal.SIGKILL)
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.ended.result()
        _wait_for_end(family, seconds=10)

    def _family(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.pid).children(recursive=True) if self.running else []
        except psutil.NoSuchProcess:
            return []


def _wait_for_end(family: Sequence[psutil.Process], *, seconds: float) -> None:
    """Orphans are reaped by process 1, some time; a zombie holds nothing any more."""
    deadline = time.monotonic() + seconds
    while any(_alive(process) for process in family) and time.monotonic() < deadline:
        time.sleep(0.01)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(child: Child, ready: Callable[[], bool], *, seconds: float, advice: str = "") -> None:
    """Poll `ready` until it says yes; a clear error when the process ends before that, or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        name, log = child.command.name, child.command.log
        code = child.wait(0.04)
        if code is not None:
            raise PartFailed(name, f"ended with {describe(code)} while it was started", log=log, advice=advice)
        if time.monotonic() > deadline:
            child.kill()
            raise PartFailed(name, f"was not ready after {seconds:.0f} s and was stopped", log=log, advice=advice)


def describe(code: int) -> str:
    """'exit code 3' or 'SIGKILL'."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
