"""Cancelling what runs: first ask (SIGINT), later insist; by force everything ends at once.

act answers SIGINT by killing the running step and running ``always()`` and ``cancelled()`` steps, SIGTERM by ending at
once. GitHub gives a cancelled run five minutes for such steps:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from daytwo_standins.shared import processes
from daytwo_standins.shared.files import read_json

_AFTER_TERM = 5.0


class Stopper:
    """Watches for a request to cancel and carries it out."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], grace: float) -> None:
        self._request = folder / "cancel.json"
        self._process = process
        self._grace = grace
        self._since: float | None = None
        self._termed = False
        self._killed = False

    @property
    def asked(self) -> bool:
        """Whether a cancel has reached the run."""
        return self._since is not None

    def look(self) -> None:
        """Do what is due now. Cheap: one look at a file."""
        if self._killed:
            return
        request = read_json(self._request)
        if request is None:
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._process.send_signal(signal.SIGINT)
        if request.get("force") or now > self._since + self._grace + _AFTER_TERM:
            self._killed = True
            processes.send([self._process.pid, *processes.descendants(os.getpid())], signal.SIGKILL)
        elif not self._termed and now > self._since + self._grace:
            self._termed = True
            self._process.send_signal(signal.SIGTERM)
