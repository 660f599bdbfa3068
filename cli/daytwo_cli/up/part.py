"""A part of the house that runs: what the supervisor starts, watches, starts again and stops."""

import signal
from collections.abc import Callable, Sequence
from typing import Protocol

from daytwo_cli.up.child import Child, Command, wait_until
from daytwo_cli.up.errors import PartFailed


class Part(Protocol):
    """Everything here blocks and is called in threads. `stop` may come during `start`, which then ends."""

    @property
    def name(self) -> str: ...
    @property
    def after(self) -> Sequence[str]:
        """Names of the parts that have to be ready before this one is started."""

    @property
    def address(self) -> str:
        """Where it answers; empty when nobody calls it."""

    @property
    def child(self) -> Child | None:
        """Its running process; None for something that is done once."""

    def start(self) -> object:
        """Start it and return when it is ready. Raises PartFailed."""

    def stop(self) -> None:
        """End it and everything that belongs to it; harmless when it does not run."""


class Program:
    """A part that is one program, ready when `ready` says so; it is told how long the log was before this start."""

    def __init__(
        self,
        command: Command,
        *,
        ready: Callable[[int], bool],
        after: Sequence[str] = (),
        address: str = "",
        within: float = 60,
        grace: float = 10,
        advice: str = "",
    ) -> None:
        self.command = command
        self.after = after
        self.address = address
        self.child: Child | None = None
        self._ready = ready
        self._within = within
        self._grace = grace
        self._advice = advice

    @property
    def name(self) -> str:
        return self.command.name

    def start(self) -> None:
        log = self.command.log
        mark = log.stat().st_size if log.exists() else 0
        self.child = Child(self.command)
        wait_until(self.child, lambda: self._ready(mark), seconds=self._within, advice=self._advice)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop(ask=signal.SIGTERM, grace=self._grace)


class Task:
    """A part that is done once, in this process."""

    child: Child | None = None
    address = ""

    def __init__(self, name: str, do: Callable[[], object], *, after: Sequence[str] = ()) -> None:
        self.name = name
        self.after = after
        self._do = do

    def start(self) -> None:
        self._do()

    def stop(self) -> None:
        """There is nothing to stop."""


class Errand:
    """A part that is a program which has to end well before others start: the migrations."""

    address = ""

    def __init__(self, command: Command, *, after: Sequence[str] = (), within: float = 120, advice: str = "") -> None:
        self.command = command
        self.after = after
        self.child: Child | None = None
        self._within = within
        self._advice = advice
        self._running: Child | None = None

    @property
    def name(self) -> str:
        return self.command.name

    def start(self) -> None:
        self._running = Child(self.command)
        code = self._running.wait(self._within)
        if code is None:
            self._running.kill()
        if code != 0:
            end = "was not done in time and was stopped" if code is None else f"ended with exit code {code}"
            raise PartFailed(self.name, end, log=self.command.log, advice=self._advice)

    def stop(self) -> None:
        if self._running is not None:
            self._running.kill()
