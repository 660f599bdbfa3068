"""Detached runners: started once per attempt, watched through their files, never asked directly.

Whether one lives is known by the lock that it holds, so a restarted server sees the same as the one that started it.
"""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from daytwo_standins.shared import processes
from daytwo_standins.shared.files import claim, is_held, read_json, write_json


def steps_path() -> str:
    """The PATH of the steps: ours, and at its end the interpreter's folder, so that there is a python3."""
    interpreter = getattr(sys, "_base_executable", sys.executable)
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(interpreter).parent)])


S = TypeVar("S")

LEFTOVERS = ("work", "home", "tmp", "shells", "heard")  # what an attempt needs only while it runs


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class States(Generic[S]):
    """How the state of an attempt is read and written, whether it is the last one, and how it fails."""

    load: Callable[[dict[str, Any]], S]
    dump: Callable[[S], dict[str, Any]]
    ended: Callable[[S], bool]
    failed: Callable[[S, str, float], S]


class Launcher(Generic[S]):
    """Starts runners, which are the module ``runner``, and reads the states that they write."""

    def __init__(self, runner: str, states: States[S]) -> None:
        self._runner = runner
        self._states = states
        self._children: dict[Path, subprocess.Popen[bytes]] = {}
        self._seen: dict[Path, tuple[int, int]] = {}

    def start(self, folder: Path, plan: dict[str, Any], *, path: str) -> None:
        """Start the runner of an attempt, in a session of its own and without our environment but ``path``."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "plan.json", plan, durable=True)
        environment = {"PATH": path, "LC_ALL": "C.UTF-8"}
        with (folder / "runner.log").open("ab") as log:
            self._children[folder] = subprocess.Popen(
                [sys.executable, "-P", "-m", self._runner, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )

    def launched(self, folder: Path) -> bool:
        """Whether this attempt is or was run by somebody, so that it must not be started again."""
        return folder in self._children or (folder / "started").exists()

    def read(self, folder: Path) -> S | None:
        """The state that the runner has written, if it is newer than what was read last."""
        try:
            facts = (folder / "state.json").stat()
        except FileNotFoundError:
            return None
        mark = (facts.st_mtime_ns, facts.st_ino)
        if self._seen.get(folder) == mark:
            return None
        self._seen[folder] = mark
        data = read_json(folder / "state.json")
        return None if data is None else self._states.load(data)

    def died(self, folder: Path) -> bool:
        """Whether the runner is gone without having written an end."""
        child = self._children.get(folder)
        if child is not None and child.poll() is None:
            return False
        return not is_held(folder / "lock") and not self._ended(folder)

    def forget(self, folder: Path) -> None:
        """The attempt has ended; collect the runner's exit status once it is there."""
        child = self._children.get(folder)
        if child is None or child.poll() is not None:
            self._children.pop(folder, None)
        self._seen.pop(folder, None)

    def reap(self) -> bool:
        """Collect runners that have ended; True while some have not."""
        for folder, child in list(self._children.items()):
            if child.poll() is not None and self._ended(folder):
                del self._children[folder]
        return bool(self._children)

    def ask_to_stop(self, folder: Path, *, force: bool) -> None:
        """Leave a request to cancel for the runner."""
        write_json(folder / "cancel.json", {"force": force, "at": time.time()}, durable=True)

    def never_start(self, folder: Path) -> bool:
        """Make sure that an attempt is never started; False when it has been already."""
        folder.mkdir(parents=True, exist_ok=True)
        return folder not in self._children and claim(folder / "started")

    def bury(self, folder: Path, attempt: S) -> S:
        """End the attempt of a runner that died: what it left running is killed, then the failure is written down."""
        processes.send(processes.marked(str(folder)), signal.SIGKILL)
        claim(folder / "started")
        child = self._children.pop(folder, None)
        cause = f" (exit status {child.returncode})" if child is not None else ""
        message = (
            f"The runner died{cause} before the run was done; what it ran was killed. Run it again if it is needed."
        )
        state = self._states.failed(attempt, message, time.time())
        self.write_end(folder, state)
        return state

    def write_end(self, folder: Path, state: S) -> None:
        """Write the end of an attempt that has no living runner."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "state.json", self._states.dump(state), durable=True)
        for name in LEFTOVERS:
            shutil.rmtree(folder / name, ignore_errors=True)

    def _ended(self, folder: Path) -> bool:
        data = read_json(folder / "state.json")
        return data is not None and self._states.ended(self._states.load(data))
