"""What lies where in the data folder of `daytwo up`.

up.lock          held by the process that runs the house
processes.json   what runs now, for people, tests and the other commands
ports.json       which port was given to whom
daytwo.yaml      the configuration of API and worker
audit-checkpoints.jsonl   signed checkpoints of the audit, outside the database
secrets/         0600: keys of markers, sessions and the audit, token and webhook secret of each stand-in
logs/            one file per process
postgres/ temporal/                 what Daytwo remembers
company/ machines/ repositories/           the example company, its servers, its code
github/ gitlab/ argo/                      its CI systems
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daytwo_cli.errors import CliError


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths below one folder. `create` makes it; nothing else here writes but the lock and the secrets."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> "DataFolder":
        """Private to its user: it holds secrets, and the log of everything."""
        root = root.expanduser().absolute()
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in ("logs", "secrets"):
                (root / name).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise CliError(f"The data folder {root} cannot be used: {error}. Give another one by --data.") from error
        return cls(root)

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"{name.lower().replace(' ', '-')}.log"

    @property
    def processes(self) -> Path:
        return self.root / "processes.json"

    def secret(self, name: str) -> Path:
        """A file with 64 random hexadecimal digits, readable by its user alone; made at the first time."""
        path = self.root / "secrets" / name
        if not path.exists():
            fresh = path.with_name(f"{name}.new")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        return path

    @contextmanager
    def sole_user(self) -> Iterator[None]:
        """Hold the folder. Raises CliError that tells where the house answers when somebody else holds it."""
        with (self.root / "up.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CliError(self._taken()) from None
            yield

    def running(self) -> dict[str, Any]:
        """What runs here now; empty when its process is gone: the file stays. Takes no lock that `up` may want."""
        now = read_processes(self.processes)
        pid = now.get("pid")
        return now if isinstance(pid, int) and pid > 0 and _lives(pid) else {}

    def _taken(self) -> str:
        now = read_processes(self.processes)
        where = f" Its page is {now['page']}." if now.get("page") else ""
        return (
            f"Daytwo already runs on {self.root} (process {now.get('pid', 'unknown')}).{where} "
            "Nothing was started or changed. Stop it with Ctrl-C there, or start another with --data DIR."
        )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):  # gone, somebody else's, or a number that is none
        return False
    return True


def read_processes(file: Path) -> dict[str, Any]:
    """What `daytwo up` wrote; empty when there is nothing readable."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
