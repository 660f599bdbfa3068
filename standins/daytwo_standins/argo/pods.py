"""Pods as local processes: started, listened to, stopped, and asked what they left behind."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daytwo_standins.argo.interpreter.machine import PodResult
from daytwo_standins.argo.interpreter.operation import Start
from daytwo_standins.argo.plans import Plan
from daytwo_standins.argo.pod_command import PodError, arguments, environment, make_folders
from daytwo_standins.argo.pod_log import PodLog
from daytwo_standins.shared import processes
from daytwo_standins.shared.lines import LineReader

_TOO_LONG: Final = "Pod was active on the node longer than the specified deadline"
_COLLECTING: Final = 1.0
_LONGEST_RESULT: Final = 256 * 1024
_LONGEST_OUTPUT: Final = 1024 * 1024


class Pod:
    """One process with its log. Ended when both it has ended and what it wrote has been read."""

    def __init__(self, start: Start, *, folder: Path, plan: Plan, log: Path, keep_result: bool) -> None:
        self._start = start
        self._folder = folder
        self._grace = plan.grace
        self._result: list[str] | None = [] if keep_result and "script" in start.template else None
        self._stopped, self._stopped_at, self._killed = "", 0.0, False
        told = start.template.get("activeDeadlineSeconds")
        self._deadline = None if told is None else time.monotonic() + float(told)
        make_folders(folder, start)
        self._process = self._execute(plan)
        self._log = PodLog(log)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [LineReader(self._process.stdout.fileno()), LineReader(self._process.stderr.fileno())]

    @property
    def handles(self) -> list[int]:
        """What to wait for."""
        streams = (self._process.stdout, self._process.stderr)
        pairs = zip(streams, self._readers, strict=True)
        return [stream.fileno() for stream, reader in pairs if stream is not None and not reader.ended]

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def stop(self, why: str) -> None:
        """Ask it to end; after the grace it is killed."""
        if not self._stopped:
            self._stopped, self._stopped_at = why, time.monotonic()
            self._signal(signal.SIGTERM)

    def look(self) -> PodResult | None:
        """Read what it has written; its end, if it has ended."""
        self._read()
        now = time.monotonic()
        if self._deadline is not None and now > self._deadline:
            self.stop(_TOO_LONG)
        if self._stopped and not self._killed and now > self._stopped_at + self._grace:
            self._killed = True
            self._signal(signal.SIGKILL)
        if self._process.poll() is None:
            return None
        self._end_what_it_left()
        while self._read():
            pass
        return self._end()

    def _execute(self, plan: Plan) -> subprocess.Popen[bytes]:
        try:
            command = arguments(self._start, self._folder)
            values = environment(self._start, self._folder, plan, str(self._folder.parents[1]))
            return subprocess.Popen(
                command,
                cwd=self._folder / "work",
                env=values,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=processes.end_with_parent,
            )
        except (OSError, ValueError) as error:
            raise PodError(f"The process could not be started: {error}. Container images are not used here.") from error

    def _read(self) -> bool:
        """Take in what is there; False when there was nothing."""
        found = False
        for number, reader in enumerate(self._readers):
            for line in [] if reader.ended else reader.read(0):
                found = True
                text = line.decode(errors="replace")
                self._log.line(text, time.time())
                if number == 0 and self._result is not None:
                    self._result.append(text)
        return found

    def _end_what_it_left(self) -> None:
        """What it left in the background ends with it, as in a container; orphans are ours and are collected."""
        self._signal(signal.SIGKILL)
        deadline = time.monotonic() + _COLLECTING
        while time.monotonic() < deadline:
            try:
                pid, _ = os.waitpid(-self._process.pid, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                time.sleep(0.005)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _end(self) -> PodResult:
        code = self._process.returncode
        exit_code = 128 - code if code < 0 else code
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._log.close()
        trouble, parameters = ("", ()) if self._stopped else _parameters(self._start.template)
        shutil.rmtree(self._folder, ignore_errors=True)
        result = "\n".join(self._result)[:_LONGEST_RESULT] if self._result is not None else None
        return PodResult(
            exit_code=exit_code, trouble=trouble, stopped=self._stopped, result=result, parameters=parameters
        )


def _parameters(template: Mapping[str, Any]) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """What is wrong with the outputs that the pod has written into files, and those that are there."""
    found = []
    for one in (template.get("outputs") or {}).get("parameters") or []:
        source = one.get("valueFrom", {})
        if "path" not in source:
            continue
        try:
            found.append({**one, "value": _content(Path(source["path"]))})
        except OSError as error:
            if "default" not in source:
                return f"open {source['path']}: {error.strerror}", tuple(found)
            found.append({**one, "value": str(source["default"])})
    return "", tuple(found)


def _content(path: Path) -> str:
    """As in Argo without the last line's end."""
    with path.open("rb") as file:
        return file.read(_LONGEST_OUTPUT).decode(errors="replace").removesuffix("\n")
