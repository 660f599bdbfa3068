"""Parts of the house that can be held down, and whose process id lies in a file for the stand-in's hooks."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from daytwo_cli.up.child import Child
from daytwo_cli.up.part import Part, Program

_PATIENCE: Final = 240.0  # seconds that a process may take to start: other work on the machine is no finding


class HeldDown(Exception):
    """The part was stopped while it was held down."""


class Gated:
    """A part with a gate: while that is shut, a start waits. `starts` counts those that came through."""

    def __init__(self, part: Part, pidfile: Path) -> None:
        self.part = part
        self.pidfile = pidfile
        self.gate = threading.Event()
        self.gate.set()
        self.starts = 0
        self.after: Sequence[str] = part.after
        self._stopped = threading.Event()
        if isinstance(part, Program):
            ready = part._ready
            part._ready = lambda mark: self._note() and ready(mark)
            part._within = _PATIENCE

    @property
    def name(self) -> str:
        return self.part.name

    @property
    def address(self) -> str:
        return self.part.address

    @property
    def child(self) -> Child | None:
        return self.part.child

    @property
    def up(self) -> bool:
        return self.child is not None and self.child.running

    def start(self) -> None:
        self._stopped.clear()
        while not self.gate.wait(0.05):
            if self._stopped.is_set():
                raise HeldDown(self.name)
        self.part.start()
        self._note()
        self.starts += 1

    def stop(self) -> None:
        self._stopped.set()
        self.part.stop()

    def _note(self) -> bool:
        """Called as soon as there is a process, before it takes any work."""
        if self.child is not None:
            fresh = self.pidfile.with_suffix(".new")
            fresh.write_text(str(self.child.pid), encoding="ascii")
            fresh.replace(self.pidfile)
        return True
