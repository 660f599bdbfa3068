"""The runners of this stand-in, and act, which they need."""

import os
import shutil
import sys
from pathlib import Path

from daytwo_standins.github.endings import failed
from daytwo_standins.github.records import Attempt, attempt_from, to_json
from daytwo_standins.shared.launcher import Launcher, States


def attempts_launcher() -> Launcher[Attempt]:
    """Starts the runners of attempts."""
    states = States(load=attempt_from, dump=to_json, ended=lambda attempt: attempt.ended, failed=failed)
    return Launcher("daytwo_standins.github.runner", states)


def find_act(named: Path | None) -> str:
    """The act binary: as configured, by DAYTWO_ACT, on PATH, or beside the interpreter; empty when there is none."""
    told = str(named or os.environ.get("DAYTWO_ACT", ""))
    if told:
        return told if os.access(told, os.X_OK) else ""
    beside = Path(sys.executable).with_name("act")
    return shutil.which("act") or (str(beside) if os.access(beside, os.X_OK) else "")
